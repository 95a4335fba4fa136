package apk

import (
	"archive/tar"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"
)

// Entry is one entry of a package's data section.
type Entry struct {
	// Index is the entry's place in the data section, from 0.
	Index int
	// Name is the path relative to the root: elements divided by single
	// slashes, none of them empty, "." or "..", and no slash at either end.
	Name string
	Kind EntryKind
	// Mode has the permission, setuid, setgid and sticky bits (07777).
	Mode uint32
	// UID and GID are the owner's numbers. User and Group are the names, which
	// go before the numbers where the image knows them; they may be empty.
	UID, GID    int
	User, Group string
	// ModTime is in seconds since 1970.
	ModTime int64
	// Size is the length of a Regular entry's content, in bytes; else 0.
	Size int64
	// Target is a Symlink's target as written or the Name of the entry that a
	// Hardlink is a further name of. Whether the package has that entry is not
	// checked.
	Target string
	// Checksum is the SHA-1 of a Regular entry's content or, where the package
	// says it, of a Symlink's target; zero for others.
	Checksum Checksum
	// Major and Minor are a device's numbers.
	Major, Minor int64
	// Xattrs are the extended attributes, sorted by name.
	Xattrs []Xattr
}

// Xattr is one extended attribute, such as "security.capability".
type Xattr struct {
	Name  string
	Value string // raw bytes
}

// EntryKind is what an entry makes. Its values are those of tar (archive/tar,
// Header.Typeflag).
type EntryKind byte

// The kinds of entries that apk extracts.
const (
	Regular     EntryKind = tar.TypeReg
	Directory   EntryKind = tar.TypeDir
	Symlink     EntryKind = tar.TypeSymlink
	Hardlink    EntryKind = tar.TypeLink
	CharDevice  EntryKind = tar.TypeChar
	BlockDevice EntryKind = tar.TypeBlock
	Fifo        EntryKind = tar.TypeFifo
)

// String returns what users call the kind, such as "directory".
func (k EntryKind) String() string {
	switch k {
	case Regular:
		return "file"
	case Directory:
		return "directory"
	case Symlink:
		return "symbolic link"
	case Hardlink:
		return "hard link"
	case CharDevice:
		return "character device"
	case BlockDevice:
		return "block device"
	case Fifo:
		return "fifo"
	}
	return fmt.Sprintf("entry of type %q", byte(k))
}

const (
	// maxName is the longest name and link target that apk reads.
	maxName = 4085
	// maxID is the highest user or group number; the one above means none.
	maxID         = math.MaxUint32 - 1
	maxDeviceMin  = 1<<20 - 1
	maxDeviceMaj  = 1<<12 - 1
	xattrRecord   = "SCHILY.xattr."
	checksumField = "APK-TOOLS.checksum.SHA1"
)

// newEntry converts and checks a tar header. It returns nil for an entry that
// apk passes over: the root itself, what starts with a dot in it, and records
// for all entries.
func newEntry(index int, h *tar.Header) (*Entry, error) {
	e := &Entry{
		Index: index, Kind: EntryKind(h.Typeflag), Mode: uint32(h.Mode & 0o7777),
		UID: h.Uid, GID: h.Gid, User: h.Uname, Group: h.Gname, ModTime: h.ModTime.Unix(),
	}
	name := h.Name
	if e.Kind == Directory {
		name = strings.TrimSuffix(name, "/")
	}
	if name == "." || h.Typeflag == tar.TypeXGlobalHeader {
		return nil, nil
	}
	if err := checkEntryName(name); err != nil {
		return nil, err
	}
	if name[0] == '.' {
		return nil, nil
	}
	e.Name = name
	if err := e.setKind(h); err != nil {
		return nil, err
	}
	if err := e.setChecksum(h); err != nil {
		return nil, err
	}
	for key, value := range h.PAXRecords {
		if name, ok := strings.CutPrefix(key, xattrRecord); ok && name != "" {
			e.Xattrs = append(e.Xattrs, Xattr{name, value})
		}
	}
	sort.Slice(e.Xattrs, func(i, j int) bool { return e.Xattrs[i].Name < e.Xattrs[j].Name })
	return e, nil
}

// setKind fills in what depends on the kind and refuses what apk does not
// extract or a tree cannot hold.
func (e *Entry) setKind(h *tar.Header) error {
	switch {
	case isSparse(h):
		return errors.New("is written with holes, which apk does not read")
	case e.UID < 0 || e.UID > maxID || e.GID < 0 || e.GID > maxID:
		return fmt.Errorf("has the owner %d:%d, which no system can have", h.Uid, h.Gid)
	case e.ModTime < 0:
		return errors.New("was modified before 1970")
	case len(h.Linkname) > maxName:
		return fmt.Errorf("links to a name of more than %d bytes", maxName)
	}
	switch e.Kind {
	case Regular, tar.TypeCont:
		e.Kind, e.Size = Regular, h.Size
	case Directory, Fifo:
	case CharDevice, BlockDevice:
		if h.Devmajor < 0 || h.Devmajor > maxDeviceMaj || h.Devminor < 0 || h.Devminor > maxDeviceMin {
			return fmt.Errorf("is the device %d:%d, which no system can have", h.Devmajor, h.Devminor)
		}
		e.Major, e.Minor = h.Devmajor, h.Devminor
	case Symlink:
		if h.Linkname == "" {
			return errors.New("links to nothing")
		}
		e.Target = h.Linkname
	case Hardlink:
		e.Target = h.Linkname
		if err := checkEntryName(e.Target); err != nil {
			return fmt.Errorf("is a hard link to %q, which %w", h.Linkname, err)
		}
	default:
		return fmt.Errorf("is a tar %s, which apk does not extract", e.Kind)
	}
	return nil
}

// setChecksum reads the SHA-1 that every regular file carries, and verifies
// the one that a symbolic link may carry.
func (e *Entry) setChecksum(h *tar.Header) error {
	record, ok := h.PAXRecords[checksumField]
	switch {
	case e.Kind == Symlink && ok:
		e.Checksum = sha1.Sum([]byte(e.Target))
		if record != e.Checksum.Hex() {
			return fmt.Errorf("links to %q, which is not what its checksum %s says", e.Target, record)
		}
	case e.Kind == Regular && !ok:
		return fmt.Errorf("has no record %s", checksumField)
	case e.Kind == Regular:
		if n, err := hex.Decode(e.Checksum[:], []byte(record[:min(len(record), 2*len(e.Checksum))])); err != nil ||
			n != len(e.Checksum) || len(record) != 2*n {
			return fmt.Errorf("has the checksum %q, which is not a SHA-1 in hexadecimal", record)
		}
	}
	return nil
}

// checkEntryName refuses names that apk calls malicious and those that have more
// than one spelling.
func checkEntryName(name string) error {
	switch {
	case name == "":
		return errors.New("has no name")
	case len(name) > maxName:
		return fmt.Errorf("has a name of more than %d bytes", maxName)
	case name[0] == '/':
		return errors.New("is an absolute path")
	}
	for i := range len(name) {
		if c := name[i]; c < ' ' || c == 0x7f {
			return fmt.Errorf("has the control character %q in its name", c)
		}
	}
	for element := range strings.SplitSeq(name, "/") {
		switch element {
		case "..":
			return errors.New("leads out of the root")
		case "", ".":
			return errors.New("is not a clean path")
		}
	}
	return nil
}
