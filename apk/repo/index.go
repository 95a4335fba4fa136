package repo

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"github.com/mkimage/mkimage/apk"
)

const (
	indexName = "APKINDEX.tar.gz"
	maxIndex  = 128 << 20 // bytes of an index as it is fetched
)

// Index is a verified index and where it is from.
type Index struct {
	*apk.Index
	Repository Repository
	Arch       string            // Alpine's name, that of the folder
	Digest     [sha256.Size]byte // of the file, signature included
}

// Choice returns the choice of package number i.
func (x *Index) Choice(i int) (Choice, error) {
	p, err := x.Package(i)
	return Choice{Repository: x.Repository, Arch: x.Arch, Package: p}, err
}

type indexKey struct {
	repository Repository
	arch       string
}

// Indexes returns the indexes of repositories for an architecture by Alpine's
// name, in the order of the repositories, fetched side by side. Offline, all
// that the cache lacks is one *MissingError.
func (c *Client) Indexes(ctx context.Context, repositories []Repository, arch string) ([]*Index, error) {
	indexes := make([]*Index, len(repositories))
	err := c.each(ctx, len(repositories), func(ctx context.Context, i int) (err error) {
		indexes[i], err = c.Index(ctx, repositories[i], arch)
		return err
	})
	if err != nil {
		return nil, err
	}
	return indexes, checkArch(indexes)
}

// Index returns the index of one repository for an architecture. A client
// reads each index once; all that it does is from the same state of a
// repository.
func (c *Client) Index(ctx context.Context, r Repository, arch string) (*Index, error) {
	key := indexKey{r, arch}
	end, err := c.flights.begin(ctx, fmt.Sprintf("index %s %s", r, arch))
	if err != nil {
		return nil, err
	}
	defer end()
	c.mu.Lock()
	index := c.indexes[key]
	c.mu.Unlock()
	if index != nil {
		return index, nil
	}
	file := c.locate(r, arch, indexName)
	content, done, err := c.indexContent(ctx, r, arch, file)
	if err != nil {
		return nil, indexFault(r, arch, file, err)
	}
	index = &Index{Repository: r, Arch: arch, Digest: sha256.Sum256(content)}
	if index.Index, err = c.readIndex(index.Digest, content); err != nil {
		return nil, indexFault(r, arch, file, &contentError{err})
	}
	if err := done(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.indexes == nil {
		c.indexes = map[indexKey]*Index{}
	}
	c.indexes[key] = index
	return index, nil
}

// indexContent returns an index as it is in its folder, in the cache or on the
// server. done keeps it, once it is verified.
func (c *Client) indexContent(ctx context.Context, r Repository, arch string, f file) (content []byte, done func() error, err error) {
	nothing := func() error { return nil }
	if f.path != "" {
		content, err := readFolderIndex(f.path)
		return content, nothing, err
	}
	folder, err := c.cache()
	if err != nil {
		return nil, nil, err
	}
	// The record is of the repository, wherever its mirror is.
	url := r.Location + "/" + arch + "/" + indexName
	record, cached, ok := folder.loadIndex(url)
	if c.Offline {
		if !ok {
			return nil, nil, &MissingError{folder.Dir, []string{redactText(url)}}
		}
		return cached, nothing, nil
	}
	var received memory
	d := &download{client: c, name: f.String(), url: f.url, limit: maxIndex, to: &received}
	if ok && record.Source == f.String() {
		d.header = record.conditions()
	}
	response, err := d.run(ctx)
	if err != nil {
		return nil, nil, err
	}
	if response.StatusCode == http.StatusNotModified {
		return cached, nothing, nil
	}
	record = indexRecord{Source: f.String(), ETag: response.Header.Get("ETag"), LastModified: response.Header.Get("Last-Modified")}
	content = received.Bytes()
	return content, func() error { return folder.storeIndex(url, record, content) }, nil
}

// conditions returns the request fields that ask for a file only if it is
// another one (RFC 9110, conditional requests); nil where there are none.
func (r indexRecord) conditions() http.Header {
	switch {
	case r.ETag != "":
		return http.Header{"If-None-Match": {r.ETag}}
	case r.LastModified != "":
		return http.Header{"If-Modified-Since": {r.LastModified}}
	}
	return nil
}

func readFolderIndex(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxIndex+1))
	if len(content) > maxIndex {
		return nil, fmt.Errorf("the file has more than %d bytes", maxIndex)
	}
	return content, err
}

// checkArch refuses indexes of which none has a package for the architecture
// while one has packages for another: a folder or mirror is laid out wrongly.
// Beside a right index, a wrong one does no harm; apk goes on as well, and
// choosing from it is refused by name.
func checkArch(indexes []*Index) error {
	var wrong error
	for _, x := range indexes {
		other := ""
		for p, err := range x.All() {
			if err != nil {
				return err
			}
			if p.Arch == x.Arch || p.Arch == "noarch" || p.Arch == "" {
				return nil
			}
			other = p.Arch
		}
		if other != "" && wrong == nil {
			wrong = fmt.Errorf("cannot use the index of %s for %s: it is an index for %s", x.Repository, x.Arch, other)
		}
	}
	return wrong
}

// contentError is a fault of what arrived, not of how.
type contentError struct{ err error }

func (e *contentError) Error() string { return e.err.Error() }
func (e *contentError) Unwrap() error { return e.err }

// indexFault names the repository, the architecture and the way out.
func indexFault(r Repository, arch string, f file, err error) error {
	var missing *MissingError
	var content *contentError
	name := fmt.Sprintf("the index of %s for %s", r, arch)
	from := ""
	if f.String() != redactText(r.Location)+"/"+arch+"/"+indexName {
		from = fmt.Sprintf(" from the mirror %s", f)
	}
	switch {
	case isContextError(err), errors.As(err, &missing):
		return err
	case errors.Is(err, apk.ErrUntrusted):
		return fmt.Errorf("cannot trust %s%s: %w; add the key if it is to be trusted", name, from, err)
	case errors.As(err, &content) && f.path != "":
		return fmt.Errorf("cannot use %s%s: %w", name, from, err)
	case errors.As(err, &content):
		return fmt.Errorf("cannot use %s%s: %w; the repository is damaged or tampered with: try again or use another with --mirror", name, from, err)
	case f.path != "" && errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("cannot read %s: there is no %s; a repository's folder holds one for each architecture", name, f.path)
	case f.path != "":
		return fmt.Errorf("cannot read %s: %w", name, err)
	}
	return fmt.Errorf("cannot fetch %s%s: %s; %s", name, from, reason(err), wayOut(err))
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
