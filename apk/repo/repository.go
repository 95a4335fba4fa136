// Package repo fetches indexes and packages from Alpine repositories.
//
// A repository is a URL (http, https) or a folder, laid out as
// apk-repositories(5) says for format 2:
//
//	LOCATION/ARCH/APKINDEX.tar.gz
//	LOCATION/ARCH/NAME-VERSION.apk
//
// Rules:
//
//   - Nothing is handed out unverified: an index is signed by a trusted key, a
//     package is, to its last byte, the one that its index entry describes.
//   - Everything fetched from a URL goes through the cache; what lies in a
//     folder is read in place and verified each time.
//   - A cache entry is named by what it was verified against, is written to a
//     temporary file (whose name starts with a dot) and renamed, and is
//     verified again when it is read. So any number of builds can share a
//     cache and be killed at any moment; a damaged entry is fetched anew.
//   - Of a fault that can pass (connection lost, server busy) some more
//     attempts are made, and a package is resumed where it broke off.
//   - Errors name the URL without its user and password, the package, the
//     reason and the way out.
//
// Credentials for repositories are the Transport's business: an [Authenticator]
// adds them to requests.
//
// Layout of the cache folder:
//
//	packages/SHA1-SIZE.apk    SHA1 is the checksum of the control section (index field C)
//	indexes/SHA256.tar.gz     SHA256 is that of the file, signature included
//	indexes/SHA256.json       SHA256 is that of the URL: where that URL's newest index is
//	indexes/SHA256.parsed-1   an index as apk.Index.Encode writes it
package repo

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/mkimage/mkimage/apk"
)

// Repository is where packages come from. The value is comparable.
type Repository struct {
	// Tag pins the repository: its packages are chosen only where the world
	// asks for them as NAME@Tag. Empty: for all.
	Tag string
	// Location is a URL or the absolute path of a folder, without a slash at
	// the end.
	Location string
}

// ParseRepository reads "[@tag ]LOCATION" (apk-repositories(5)), where LOCATION
// is an http or https URL, a file URL or a folder's path, which base precedes
// if it is relative.
func ParseRepository(s, base string) (Repository, error) {
	var r Repository
	location := strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(location, "@"); ok {
		r.Tag, location, _ = strings.Cut(rest, " ")
		location = strings.TrimSpace(location)
		if d, err := apk.ParseDependency("x@" + r.Tag); err != nil || d.Tag != r.Tag {
			return Repository{}, fmt.Errorf("cannot use repository %q: %q is not a tag, write \"@tag URL\"", redactText(s), r.Tag)
		}
	}
	var err error
	if r.Location, err = parseLocation(location, base); err != nil {
		return Repository{}, fmt.Errorf("cannot use repository %q: %w", redactText(s), err)
	}
	if ext := path.Ext(r.Location); ext == ".adb" || strings.HasSuffix(r.Location, "/APKINDEX.tar.gz") {
		return Repository{}, fmt.Errorf("cannot use repository %q: it names an index, write the folder that holds the architectures' folders", redactText(s))
	}
	return r, nil
}

// String returns what ParseRepository reads, without user and password.
func (r Repository) String() string {
	s := redactText(r.Location)
	if r.Tag != "" {
		s = "@" + r.Tag + " " + s
	}
	return s
}

// IsFolder reports whether the repository is a folder of this machine.
func (r Repository) IsFolder() bool { return !strings.Contains(r.Location, "://") }

// parseLocation returns a clean URL or an absolute path.
func parseLocation(s, base string) (string, error) {
	if s == "" {
		return "", errors.New("it is empty")
	}
	if !strings.Contains(s, "://") {
		if !filepath.IsAbs(s) {
			if s = filepath.Join(base, s); !filepath.IsAbs(s) {
				return "", fmt.Errorf("internal error: the folder %q is relative to nothing", s)
			}
		}
		return filepath.Clean(s), nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", errors.New("it is not a URL")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return "", errors.New("a URL with a query or fragment cannot hold a repository")
	case u.Scheme == "file" && (u.Host == "" || u.Host == "localhost") && path.IsAbs(u.Path):
		return filepath.Clean(filepath.FromSlash(u.Path)), nil
	case u.Scheme == "file":
		return "", errors.New("a file URL has no host and an absolute path, as file:///srv/packages has")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("the scheme %q is not http, https or file", u.Scheme)
	case u.Hostname() == "":
		return "", errors.New("the URL has no host")
	}
	u.Host = strings.ToLower(u.Host)
	return strings.TrimRight(u.String(), "/"), nil
}

// redactText removes user and password from a URL in a text that may not be
// one.
func redactText(s string) string {
	before, rest, ok := strings.Cut(s, "://")
	if !ok {
		return s
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	return before + "://" + authority + tail
}

// Mirror says that what a URL names is to be had elsewhere.
type Mirror struct {
	From string // http or https URL, without a slash at the end
	To   string // URL or absolute path of a folder, likewise
}

// ParseMirror reads "FROM=TO": From is the start of a URL, To a URL or a
// folder's path, which base precedes if it is relative.
func ParseMirror(s, base string) (Mirror, error) {
	from, to, ok := strings.Cut(s, "=")
	if !ok {
		return Mirror{}, fmt.Errorf("cannot use mirror %q: it is not of the form FROM=TO", redactText(s))
	}
	var m Mirror
	var err error
	if m.From, err = parseLocation(from, base); err == nil && !strings.Contains(from, "://") {
		err = errors.New("it is not a URL")
	}
	if err != nil {
		return Mirror{}, fmt.Errorf("cannot use %q as what is mirrored: %w", redactText(from), err)
	}
	if m.To, err = parseLocation(to, base); err != nil {
		return Mirror{}, fmt.Errorf("cannot use %q as a mirror: %w", redactText(to), err)
	}
	m.From = redactText(m.From)
	return m, nil
}

// rewrite returns where to look for a location: at the mirror whose From is
// the longest start of it that ends with a path element.
func rewrite(mirrors []Mirror, location string) string {
	plain := redactText(location)
	best, to := -1, location
	for _, m := range mirrors {
		rest, ok := strings.CutPrefix(plain, m.From)
		if ok && (rest == "" || rest[0] == '/') && len(m.From) > best {
			best, to = len(m.From), m.To+rest
		}
	}
	return to
}
