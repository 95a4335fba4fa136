package repo

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/cache"
)

// fetched is the part of the cache with what was fetched, see the package
// comment.
type fetched struct{ cache.Folder }

func (c *Client) cache() (fetched, error) {
	if c.CacheDir == "" {
		return fetched{}, errors.New("internal error: a URL is read without a cache folder")
	}
	return fetched{cache.Folder{Dir: c.CacheDir}}, nil
}

// packageName returns the entry of a package. Packages that differ in nothing
// but their signature have one checksum and may differ in size.
func packageName(p *apk.Package) string {
	return fmt.Sprintf("%s-%d.apk", p.Checksum.Hex(), p.Size)
}

func indexFile(digest [sha256.Size]byte) string { return fmt.Sprintf("%x.tar.gz", digest) }

func recordFile(url string) string {
	return fmt.Sprintf("%x.json", sha256.Sum256([]byte(redactText(url))))
}

// maxRecord is more bytes than a record has.
const maxRecord = 64 << 10

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
func (c fetched) loadIndex(url string) (r indexRecord, content []byte, ok bool) {
	b, err := c.Read(cache.Indexes, recordFile(url), maxRecord)
	if err != nil || json.Unmarshal(b, &r) != nil || len(r.SHA256) != 2*sha256.Size {
		return indexRecord{}, nil, false
	}
	content, err = c.Read(cache.Indexes, r.SHA256+".tar.gz", maxIndex)
	if err != nil || fmt.Sprintf("%x", sha256.Sum256(content)) != r.SHA256 {
		return indexRecord{}, nil, false
	}
	return r, content, true
}

// storeIndex keeps a verified index: first its content, then the record that
// names it.
func (c fetched) storeIndex(url string, r indexRecord, content []byte) error {
	digest := sha256.Sum256(content)
	r.SHA256 = fmt.Sprintf("%x", digest)
	record, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("internal error: %w", err)
	}
	if err := c.Write(cache.Indexes, indexFile(digest), content); err != nil {
		return err
	}
	return c.Write(cache.Indexes, recordFile(url), append(record, '\n'))
}
