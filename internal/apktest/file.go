package apktest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"path"
	"strings"
	"time"
)

// File is one entry of a package's data member. The constructors give usual
// modes and root's ownership; the methods return a changed copy:
//
//	apktest.Regular("usr/bin/su", elf).WithMode(0o4755)
type File struct {
	Name     string // relative to the root, without a trailing slash
	Type     byte   // a type of archive/tar; 0 is a regular file
	Mode     int64  // permission, setuid, setgid and sticky bits
	Content  []byte // of a regular file
	Target   string // of a symbolic or hard link
	UID, GID int
	User     string // empty: "root"
	Group    string // empty: "root"
	ModTime  int64  // seconds since 1970; 0: the package's BuildTime
	Major    int64  // of a device
	Minor    int64
	Xattrs   map[string]string // name, such as "security.capability", to value

	// Checksum is written instead of the content's SHA-1, in hexadecimal.
	Checksum string
	// Plain leaves the checksum record out altogether.
	Plain bool
}

// Regular returns a file of mode 0644.
func Regular(name, content string) File {
	return File{Name: name, Type: tar.TypeReg, Mode: 0o644, Content: []byte(content)}
}

// Program returns a file of mode 0755.
func Program(name, content string) File {
	return Regular(name, content).WithMode(0o755)
}

// Dir returns a directory of mode 0755.
func Dir(name string) File {
	return File{Name: name, Type: tar.TypeDir, Mode: 0o755}
}

// Symlink returns a symbolic link to target.
func Symlink(name, target string) File {
	return File{Name: name, Type: tar.TypeSymlink, Mode: 0o777, Target: target}
}

// Hardlink returns a further name of the file that target names.
func Hardlink(name, target string) File {
	return File{Name: name, Type: tar.TypeLink, Mode: 0o644, Target: target}
}

// CharDevice returns a character device of mode 0600.
func CharDevice(name string, major, minor int64) File {
	return File{Name: name, Type: tar.TypeChar, Mode: 0o600, Major: major, Minor: minor}
}

// BlockDevice returns a block device of mode 0600.
func BlockDevice(name string, major, minor int64) File {
	return File{Name: name, Type: tar.TypeBlock, Mode: 0o600, Major: major, Minor: minor}
}

// Fifo returns a named pipe of mode 0644.
func Fifo(name string) File {
	return File{Name: name, Type: tar.TypeFifo, Mode: 0o644}
}

// WithMode returns f with other mode bits.
func (f File) WithMode(mode int64) File { f.Mode = mode; return f }

// OwnedBy returns f with another owner and group, by name and number.
func (f File) OwnedBy(user, group string, uid, gid int) File {
	f.User, f.Group, f.UID, f.GID = user, group, uid, gid
	return f
}

// At returns f with a modification time in seconds since 1970.
func (f File) At(seconds int64) File { f.ModTime = seconds; return f }

// WithXattr returns f with one more extended attribute.
func (f File) WithXattr(name, value string) File {
	xattrs := map[string]string{name: value}
	for k, v := range f.Xattrs {
		xattrs[k] = v
	}
	f.Xattrs = xattrs
	return f
}

// header returns the entry's tar header, checksum record included.
func (f File) header() *tar.Header {
	h := &tar.Header{
		Typeflag: f.Type, Name: f.Name, Linkname: f.Target, Mode: f.Mode,
		Uid: f.UID, Gid: f.GID, Uname: or(f.User, "root"), Gname: or(f.Group, "root"),
		ModTime: time.Unix(f.ModTime, 0), Devmajor: f.Major, Devminor: f.Minor,
		PAXRecords: map[string]string{},
	}
	switch f.Type {
	case 0, tar.TypeReg:
		h.Typeflag, h.Size = tar.TypeReg, int64(len(f.Content))
	case tar.TypeDir:
		h.Name += "/"
	}
	if sum := f.checksum(); sum != "" {
		h.PAXRecords["APK-TOOLS.checksum.SHA1"] = sum
	}
	for name, value := range f.Xattrs {
		h.PAXRecords["SCHILY.xattr."+name] = value
	}
	return h
}

// checksum returns the record that apk's packages carry: the SHA-1 of a
// file's content or of a symbolic link's target.
func (f File) checksum() string {
	var sum [sha1.Size]byte
	switch {
	case f.Plain:
		return ""
	case f.Checksum != "":
		return f.Checksum
	case f.Type == 0 || f.Type == tar.TypeReg:
		sum = sha1.Sum(f.Content)
	case f.Type == tar.TypeSymlink:
		sum = sha1.Sum([]byte(f.Target))
	default:
		return ""
	}
	return hex.EncodeToString(sum[:])
}

// withParents inserts the directories that files lie in and do not name, each
// before its first use.
func withParents(files []File) []File {
	seen := map[string]bool{".": true, "/": true}
	var out []File
	var add func(dir string)
	add = func(dir string) {
		if !seen[dir] {
			add(path.Dir(dir))
			seen[dir] = true
			out = append(out, Dir(dir))
		}
	}
	for _, f := range files {
		add(path.Dir(strings.TrimSuffix(f.Name, "/")))
		seen[f.Name] = true
		out = append(out, f)
	}
	return out
}

// tarFiles writes entries, followed by the two zero blocks where end is set.
// Signature and control sections have none: the members of a package are one
// tar stream.
func tarFiles(end bool, files ...File) []byte {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		must(w.WriteHeader(f.header()))
		if f.Type == 0 || f.Type == tar.TypeReg {
			_, err := w.Write(f.Content)
			must(err)
		}
	}
	must(w.Flush())
	if end {
		must(w.Close())
	}
	return buf.Bytes()
}

// Tar returns entries as a tar stream, as a data section is before it is
// compressed.
func Tar(files ...File) []byte { return tarFiles(true, files...) }

// Compress returns b as one gzip member.
func Compress(b []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, err := w.Write(b)
	must(err)
	must(w.Close())
	return buf.Bytes()
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
