package script

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/mkimage/mkimage/assemble/tree"
)

// The files of passwd(5), group(5), shadow(5) and gshadow(5).
const (
	passwdFile  = "/etc/passwd"
	groupFile   = "/etc/group"
	shadowFile  = "/etc/shadow"
	gshadowFile = "/etc/gshadow"
)

// accounts is one such file, line by line: lines that are not entries are kept
// as they are.
type accounts struct {
	list []*account
}

// account is one line, split at its colons.
type account struct {
	fields []string
}

func (a *account) name() string { return a.fields[0] }

func (a *account) field(i int) string {
	if i < len(a.fields) {
		return a.fields[i]
	}
	return ""
}

// id is the third field of a passwd or group entry.
func (a *account) id() (int, bool) {
	if len(a.fields) < 3 {
		return 0, false
	}
	n, err := strconv.Atoi(a.fields[2])
	return n, err == nil && n >= 0
}

func readAccounts(m *machine, file string) (*accounts, error) {
	n, err := m.tree.Stat(file)
	if err != nil {
		return nil, err
	}
	if n.Kind != tree.File {
		return nil, &fs.PathError{Op: "open", Path: file, Err: syscall.EINVAL}
	}
	data, err := m.content(n)
	if err != nil {
		return nil, err
	}
	return parseAccounts(string(data)), nil
}

// lookAccounts is readAccounts for those who only ask: a missing file has no
// entries.
func lookAccounts(m *machine, file string) (*accounts, error) {
	db, err := readAccounts(m, file)
	if errors.Is(err, fs.ErrNotExist) {
		return &accounts{}, nil
	}
	return db, err
}

func parseAccounts(text string) *accounts {
	db := &accounts{}
	for line := range strings.Lines(text) {
		db.list = append(db.list, &account{strings.Split(strings.TrimSuffix(line, "\n"), ":")})
	}
	return db
}

func (db *accounts) String() string {
	var b strings.Builder
	for _, a := range db.list {
		b.WriteString(strings.Join(a.fields, ":"))
		b.WriteByte('\n')
	}
	return b.String()
}

// find returns the entry of a name, or nil.
func (db *accounts) find(name string) *account {
	for _, a := range db.list {
		if a.name() == name && len(a.fields) > 1 {
			return a
		}
	}
	return nil
}

// findID returns the entry of a user or group number, or nil.
func (db *accounts) findID(id int) *account {
	for _, a := range db.list {
		if n, ok := a.id(); ok && n == id {
			return a
		}
	}
	return nil
}

func (db *accounts) add(fields ...string) { db.list = append(db.list, &account{fields}) }

// remove drops every line of a name and tells how many there were.
func (db *accounts) remove(name string) int {
	kept := db.list[:0]
	for _, a := range db.list {
		if a.name() != name || len(a.fields) < 2 {
			kept = append(kept, a)
		}
	}
	removed := len(db.list) - len(kept)
	db.list = kept
	return removed
}

// members returns the member list, the fourth field in group and gshadow.
func (a *account) members() []string {
	if a.field(3) == "" {
		return nil
	}
	return strings.Split(a.field(3), ",")
}

func (a *account) setMembers(names []string) {
	for len(a.fields) < 4 {
		a.fields = append(a.fields, "")
	}
	a.fields[3] = strings.Join(names, ",")
}

// updateAccounts changes one of the files as busybox does: the new content is
// a new file with the old one's permissions and owner, and the old file itself
// becomes NAME-. A missing shadow or gshadow is no error and is not made.
func (p *process) updateAccounts(file string, change func(*accounts) error) error {
	canon, err := p.tree.Canonical(file)
	if err != nil {
		return p.failErr(err, "%s", file)
	}
	db, err := readAccounts(p.machine, canon)
	if errors.Is(err, fs.ErrNotExist) && (file == shadowFile || file == gshadowFile) {
		return nil
	}
	if err != nil {
		return p.failErr(err, "%s", file)
	}
	if err := change(db); err != nil {
		return err
	}
	old, err := p.tree.Stat(canon)
	if err != nil {
		return p.failErr(err, "%s", file)
	}
	text := db.String()
	if err := p.spend(int64(len(text))); err != nil {
		return err
	}
	next := &tree.Node{Kind: tree.File, Mode: old.Mode & 0o777, UID: old.UID, GID: old.GID, Content: tree.Bytes(text)}
	if err := p.tree.Replace(canon+"-", old); err != nil {
		if err := p.warnErr(err, "warning: can't create backup copy '/%s-'", canon); err != nil {
			return err
		}
	}
	if err := p.tree.Replace(canon, next); err != nil {
		return p.failErr(err, "%s", file)
	}
	return nil
}

// userID and groupID turn a name or number into an id, as chown(1) does: a
// name in the image's database goes first.
func (m *machine) userID(name string) (int, bool, error) { return m.accountID(passwdFile, name) }

func (m *machine) groupID(name string) (int, bool, error) { return m.accountID(groupFile, name) }

func (m *machine) accountID(file, name string) (int, bool, error) {
	db, err := lookAccounts(m, file)
	if err != nil {
		return 0, false, err
	}
	if a := db.find(name); a != nil {
		if id, ok := a.id(); ok {
			return id, true, nil
		}
	}
	id, err := strconv.ParseUint(name, 10, 31)
	return int(id), err == nil, nil
}

// validName tells whether busybox accepts a name for a user or group: those of
// POSIX 3.437, and "$" at the end.
func validName(name string) bool {
	if name == "" || name[0] == '-' || len(name) > 255 {
		return false
	}
	for i, r := range strings.TrimSuffix(name, "$") {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '.':
		case r == '-' && i > 0:
		default:
			return false
		}
	}
	return true
}
