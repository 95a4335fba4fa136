package spec

import (
	"io/fs"
	"time"
)

// Image is one image that a spec declares: checked, with every default filled
// in. Lists that the language writes as maps (files, users, env, ...) are
// sorted by their key, all others keep the user's order.
type Image struct {
	// SpecFiles are the spec's files as the user would type them, in the
	// order given (those of a folder sorted). Dir is the absolute folder of
	// the first: the image's output and lock belong beside the spec.
	SpecFiles []string
	Dir       string

	Name      String   // repository, without tag or digest
	Tags      []String // may be empty
	Platforms []Platform

	Go     *Go     // nil when absent
	Binary *Binary // nil when absent
	APK    *APK    // nil when absent

	Files  []File // the declared files, sorted by path in the image
	Users  []User // declared users, and nonroot where User is the default
	Groups []Group
	User   ProcessUser

	Env         []Pair
	Entrypoint  []String // the path of Go or Binary where the spec has none
	Cmd         []String
	Workdir     String   // empty when absent
	Ports       []String // "8080/tcp", protocol always there
	Volumes     []String
	Labels      []Pair
	Annotations []Pair
	StopSignal  String // empty when absent
	Healthcheck *Healthcheck
}

// Go is a Go program to compile. Exactly one of Package.Abs and ImportPath
// is set.
type Go struct {
	Pos        Pos
	Package    Path   // a folder with a main package; only Pos is set beside ImportPath
	ImportPath string // a package by its import path, looked up from Dir
	Dir        string // absolute folder of the file that names the package
	Path       String // where the program goes in the image
	Ldflags    []String
	Tags       []String
	Env        []Pair // for the go command
}

// Binary is a compiled program to copy.
type Binary struct {
	Pos    Pos
	Source Path // may hold {os}, {arch} and {variant}
	Path   String
}

// For returns the file of b for the platform p.
func (b *Binary) For(p Platform) Path {
	s := b.Source
	s.Written, s.Abs = p.Expand(s.Written), p.Expand(s.Abs)
	return s
}

// APK is what to install from Alpine packages.
type APK struct {
	Pos          Pos
	Repositories []Repository
	Keys         []Path // public keys that are trusted besides Alpine's
	Packages     []Package
	Scripts      []Pair // package name to "skip"
}

// Repository is a source of packages: exactly one of URL and Dir.Abs is set.
type Repository struct {
	Pos     Pos
	Written string // as it stands in the spec, with its tag
	Tag     string // without @; empty for an untagged repository
	URL     string // http or https, without a trailing slash
	Dir     Path   // a folder
}

// Package is a requirement of the world: a name with an optional version
// constraint, tag or negation, in the syntax of apk-world(5).
type Package = String

// Kind says what a [File] is.
type Kind string

const (
	KindContent   Kind = "content"   // a regular file with File.Content
	KindSource    Kind = "source"    // a copy of the file or tree File.Source
	KindDirectory Kind = "directory" // a folder, empty unless other files fill it
	KindSymlink   Kind = "symlink"   // a link to File.Target
)

// File is an entry of files.
type File struct {
	Pos  Pos    // of the key
	Path string // absolute and clean
	Kind Kind

	Content []byte
	Source  Path
	Ignore  []String // patterns below Source
	Target  String

	Mode  Mode
	Owner Owner
}

// Mode is a file mode that may be absent. Bits are those of Unix (04000 is
// setuid), not of [fs.FileMode].
type Mode struct {
	Set  bool
	Bits uint32
	Pos  Pos
}

// Perm returns the permissions without setuid, setgid and sticky.
func (m Mode) Perm() fs.FileMode { return fs.FileMode(m.Bits & 0o777) }

// Owner is a user and a group, each a name or a decimal id. Both are empty
// when the spec names no owner: the file is root's. Only Group is empty for
// "web": the group is then the user's primary one.
type Owner struct {
	User, Group string
	Pos         Pos
}

// User is an entry of /etc/passwd. GID is always set: by default it is that
// of the group with the user's name, else the UID.
type User struct {
	Pos      Pos // of the key
	Name     string
	UID, GID uint32
	Groups   []String // supplementary groups
	Home     string   // default "/"
	Shell    string   // default "/sbin/nologin"
	Gecos    string
}

// Group is an entry of /etc/group: one declared under groups, or the one that
// a user's GID needs. Members are sorted and include the users that name the
// group among their supplementary groups.
type Group struct {
	Pos     Pos // of the key, or of the user
	Name    string
	GID     uint32
	Members []string
}

// ProcessUser is who the image's process runs as. User and Group are names or
// decimal ids; Group is empty when only the user is given.
type ProcessUser struct {
	Pos         Pos // zero for the default
	User, Group string
}

// Healthcheck is the command that tells whether a container works.
type Healthcheck struct {
	Pos Pos
	// Test is Docker's form: {"NONE"}, {"CMD", args...} or
	// {"CMD-SHELL", line}.
	Test                                          []String
	Interval, Timeout, StartPeriod, StartInterval time.Duration // 0: Docker's default
	Retries                                       int           // 0: Docker's default
}
