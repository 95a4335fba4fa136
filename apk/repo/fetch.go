package repo

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/cache"
)

// maxPackage is the most bytes of a package whose index does not say its size.
const maxPackage = 4 << 30

// Choice is a package and the repository to have it from.
type Choice struct {
	Repository Repository
	Arch       string // of the index: noarch packages lie in the folder of an architecture
	Package    *apk.Package

	// SHA256 is that of the whole file, which a lock vouches for. nil: it is
	// not known, an index vouches for Package.
	SHA256 *[sha256.Size]byte
	// Vendor is a folder, laid out as a repository, from which the package is
	// taken if it is there. Empty: none. It needs SHA256.
	Vendor string
}

// Fetch returns the packages, in the order of the choices, fetched side by
// side. Every byte of them is verified against the choice's Package, but for the
// data of those that c.Known knows. Packages from folders stay there, others are in the cache; either must be left alone
// as long as the archives are used. Offline, all that the cache lacks is one
// *MissingError.
func (c *Client) Fetch(ctx context.Context, choices []Choice) ([]*apk.Archive, error) {
	archives := make([]*apk.Archive, len(choices))
	err := c.each(ctx, len(choices), func(ctx context.Context, i int) (err error) {
		archives[i], err = c.fetch(ctx, choices[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	return archives, nil
}

func (c *Client) fetch(ctx context.Context, choice Choice) (*apk.Archive, error) {
	p := choice.Package
	if name := p.FileName(); name != filepath.Base(name) || choice.Arch != filepath.Base(choice.Arch) {
		return nil, fmt.Errorf("internal error: %q for %q was chosen, which cannot be the name of a file", name, choice.Arch)
	}
	if choice.SHA256 != nil && choice.Vendor != "" {
		vendored := file{path: filepath.Join(choice.Vendor, choice.Arch, p.FileName())}
		if a, err := c.open(ctx, vendored.path, &choice); !errors.Is(err, fs.ErrNotExist) {
			return a, vendorFault(p, vendored, err)
		}
	}
	f := c.locate(choice.Repository, choice.Arch, p.FileName())
	if f.path != "" {
		a, err := c.open(ctx, f.path, &choice)
		return a, packageFault(&choice, f, err)
	}
	folder, err := c.cache()
	if err != nil {
		return nil, err
	}
	path := folder.Path(cache.Packages, packageName(p))
	end, err := c.flights.begin(ctx, "package "+path)
	if err != nil {
		return nil, err
	}
	defer end()
	a, err := c.open(ctx, path, &choice)
	var damaged *apk.ArchiveError
	switch {
	case err == nil || isContextError(err):
		return a, err
	case !errors.Is(err, fs.ErrNotExist) && !errors.As(err, &damaged):
		return nil, folder.Fault(err)
	case c.Offline:
		return nil, &MissingError{folder.Dir, []string{f.String()}}
	}
	if err := c.download(ctx, folder, f, &choice); err != nil {
		return nil, packageFault(&choice, f, err)
	}
	a, err = apk.OpenArchive(path, p)
	if err != nil {
		return nil, folder.Fault(err)
	}
	return a, nil
}

// open opens a package file and verifies all of it but data that is known. Where
// a digest of the whole file is expected, that is always verified.
func (c *Client) open(ctx context.Context, path string, choice *Choice) (*apk.Archive, error) {
	if c.Known != nil && choice.SHA256 == nil {
		if a, err := apk.OpenArchive(path, choice.Package); err == nil && c.Known(a) {
			return a, nil
		}
	}
	return open(ctx, path, choice)
}

// open opens a package file and verifies all of it.
func open(ctx context.Context, path string, choice *Choice) (*apk.Archive, error) {
	a, err := apk.OpenArchive(path, choice.Package)
	if err != nil {
		return nil, err
	}
	if choice.SHA256 == nil {
		return a, a.VerifyData(ctx)
	}
	// This covers the data too; who reads that verifies it once more.
	sum, err := a.Digest(ctx)
	if err != nil {
		return nil, err
	}
	if sum != *choice.SHA256 {
		return nil, &apk.ArchiveError{Name: choice.Package.String(), Err: fmt.Errorf(
			"the file has the SHA-256 %x, expected is %x", sum, *choice.SHA256)}
	}
	return a, nil
}

// download brings a package into the cache, if it is the right one.
func (c *Client) download(ctx context.Context, folder fetched, f file, choice *Choice) error {
	p := choice.Package
	t, err := folder.Create(cache.Packages, packageName(p))
	if err != nil {
		return &cacheError{err}
	}
	defer t.Discard()
	d := &download{client: c, name: p.String(), url: f.url, size: p.Size, limit: maxPackage, to: diskFile{t.File}}
	for {
		if _, err := d.run(ctx); err != nil {
			var write *writeError
			if errors.As(err, &write) {
				return &cacheError{folder.Fault(write.err)}
			}
			return err
		}
		_, err := open(ctx, t.Name(), choice)
		if err == nil {
			break
		}
		// Parts of two states of a file may have been put together.
		if !d.resumed || isContextError(err) {
			return err
		}
		if err := d.restart(); err != nil {
			return &cacheError{folder.Fault(err)}
		}
	}
	if err := t.Commit(); err != nil {
		return &cacheError{err}
	}
	return nil
}

// cacheError is a fault of the cache that says all there is to say.
type cacheError struct{ err error }

func (e *cacheError) Error() string { return e.err.Error() }
func (e *cacheError) Unwrap() error { return e.err }

// packageFault names the package, where it was to come from and the way out.
func packageFault(choice *Choice, f file, err error) error {
	p := choice.Package
	var cache *cacheError
	var archive *apk.ArchiveError
	var status *statusError
	gone := errors.Is(err, fs.ErrNotExist) ||
		errors.As(err, &status) && (status.code == http.StatusNotFound || status.code == http.StatusGone)
	switch {
	case err == nil, isContextError(err):
		return err
	case errors.As(err, &cache):
		return cache.err
	case gone && choice.SHA256 != nil:
		return fmt.Errorf("cannot fetch %s: there is no %s any more; take what is there now with \"mkimage lock --update %s\", "+
			"or name a folder that \"mkimage vendor\" made with --vendor", p, f, p.Name)
	case errors.As(err, &archive) && choice.SHA256 != nil:
		return fmt.Errorf("cannot use %s: %s is not the package that is locked: %w; "+
			"take what is there now with \"mkimage lock --update %s\", if that is to be trusted", p, f, archive.Err, p.Name)
	case errors.As(err, &archive) && f.path != "":
		return fmt.Errorf("cannot use %s: %s is not the package that the index describes: %w; make the folder's index anew", p, f, archive.Err)
	case errors.As(err, &archive):
		return fmt.Errorf("cannot use %s: what %s holds is not the package that the index describes: %w; "+
			"the repository is in the middle of an update or tampered with: try again or use another with --mirror", p, f, archive.Err)
	case f.path != "" && errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("cannot read %s: there is no %s; add it or make the folder's index anew", p, f)
	case f.path != "":
		return fmt.Errorf("cannot read %s: %w", p, err)
	}
	return fmt.Errorf("cannot fetch %s from %s: %s; %s", p, f, reason(err), wayOut(err))
}

// vendorFault is packageFault for what lies in a vendor folder.
func vendorFault(p *apk.Package, f file, err error) error {
	var archive *apk.ArchiveError
	switch {
	case err == nil, isContextError(err):
		return err
	case errors.As(err, &archive):
		return fmt.Errorf("cannot use %s: %s is not the package that is locked: %w; "+
			"remove it or make the folder anew with \"mkimage vendor\"", p, f, archive.Err)
	}
	return fmt.Errorf("cannot read %s: %w", p, err)
}

// each calls do for 0 to n-1, as many at a time as the client allows. The
// first error ends the others, but what is missing offline is gathered.
func (c *Client) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.parallel())
	missing := make([]*MissingError, n)
	for i := range n {
		group.Go(func() error {
			err := do(ctx, i)
			if errors.As(err, &missing[i]) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return JoinMissing(missing)
}

// JoinMissing returns all that is missing as one *MissingError, nil if nothing
// is. Elements may be nil.
func JoinMissing(list []*MissingError) error {
	var all *MissingError
	for _, m := range list {
		if m != nil && all == nil {
			all = &MissingError{Cache: m.Cache}
		}
		if m != nil {
			all.Files = append(all.Files, m.Files...)
		}
	}
	if all == nil {
		return nil
	}
	return all
}
