package repo

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mkimage/mkimage/apk"
)

// cache is the folder of what was fetched, see the package comment.
type cache struct{ dir string }

func (c *Client) cache() (cache, error) {
	if c.CacheDir == "" {
		return cache{}, errors.New("internal error: a URL is read without a cache folder")
	}
	return cache{c.CacheDir}, nil
}

// packageFile returns the place of a package. Packages that differ in nothing
// but their signature have one checksum and may differ in size.
func (c cache) packageFile(p *apk.Package) string {
	return filepath.Join(c.dir, "packages", fmt.Sprintf("%s-%d.apk", p.Checksum.Hex(), p.Size))
}

func (c cache) indexFile(digest [sha256.Size]byte) string {
	return filepath.Join(c.dir, "indexes", fmt.Sprintf("%x.tar.gz", digest))
}

func (c cache) recordFile(url string) string {
	return filepath.Join(c.dir, "indexes", fmt.Sprintf("%x.json", sha256.Sum256([]byte(redactText(url)))))
}

// indexRecord says which index a URL had last.
type indexRecord struct {
	// Source is the URL that answered, a mirror's perhaps. Its validators mean
	// nothing to another server.
	Source       string `json:"source"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"lastModified,omitempty"`
	SHA256       string `json:"sha256"`
}

// loadIndex returns the newest index of a URL. ok is false where there is none
// or it is damaged.
func (c cache) loadIndex(url string) (r indexRecord, content []byte, ok bool) {
	b, err := os.ReadFile(c.recordFile(url))
	if err != nil || json.Unmarshal(b, &r) != nil {
		return indexRecord{}, nil, false
	}
	f, err := os.Open(filepath.Join(c.dir, "indexes", filepath.Base(r.SHA256)+".tar.gz"))
	if err != nil {
		return indexRecord{}, nil, false
	}
	defer f.Close()
	content, err = io.ReadAll(io.LimitReader(f, maxIndex))
	if err != nil || fmt.Sprintf("%x", sha256.Sum256(content)) != r.SHA256 {
		return indexRecord{}, nil, false
	}
	return r, content, true
}

// storeIndex keeps a verified index: first its content, then the record that
// names it.
func (c cache) storeIndex(url string, r indexRecord, content []byte) error {
	digest := sha256.Sum256(content)
	r.SHA256 = fmt.Sprintf("%x", digest)
	record, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("internal error: %w", err)
	}
	if err := c.write(c.indexFile(digest), content); err != nil {
		return err
	}
	return c.write(c.recordFile(url), append(record, '\n'))
}

// write makes a file appear with its whole content.
func (c cache) write(path string, content []byte) error {
	t, err := c.create(path)
	if err != nil {
		return err
	}
	defer t.discard()
	if _, err := io.Copy(t.file, bytes.NewReader(content)); err != nil {
		return c.fault(err)
	}
	return t.commit()
}

// temporary is a file on its way into the cache.
type temporary struct {
	cache cache
	file  *os.File
	path  string // where it is to appear
}

// create opens a temporary file that is to become path.
func (c cache) create(path string) (*temporary, error) {
	dir, name := filepath.Split(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, c.fault(err)
	}
	f, err := os.CreateTemp(dir, "."+name+".*")
	if err != nil {
		return nil, c.fault(err)
	}
	return &temporary{c, f, path}, nil
}

// commit makes the file appear under its own name.
func (t *temporary) commit() error {
	if err := t.file.Close(); err != nil {
		return t.cache.fault(err)
	}
	if err := os.Rename(t.file.Name(), t.path); err != nil {
		return t.cache.fault(err)
	}
	return nil
}

// discard removes the file, unless it was committed.
func (t *temporary) discard() {
	t.file.Close()
	os.Remove(t.file.Name())
}

// fault explains why the cache cannot be used.
func (c cache) fault(err error) error {
	if isDiskFull(err) {
		return fmt.Errorf("cannot write to the cache %s: no space left on its disk; free some or name another folder with --cache-dir", c.dir)
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = fmt.Errorf("%s: %w", path.Path, path.Err)
	}
	return fmt.Errorf("cannot use the cache %s: %w; name another folder with --cache-dir", c.dir, err)
}
