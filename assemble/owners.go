package assemble

import (
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble/tree"
)

const (
	passwdPath = "etc/passwd"
	groupPath  = "etc/group"
	shadowPath = "etc/shadow"

	// maxAccounts is the size in bytes that these may have.
	maxAccounts = 4 << 20
)

// owners resolves the names of users and groups in an archive by the image's
// own accounts of that moment. As in apk, what was read stays in use until
// reset.
type owners struct {
	tree          *tree.Tree
	users, groups map[string]int
}

// of returns who is to own an entry: by name where the image has the name,
// else by number.
func (o *owners) of(e *apk.Entry) (uid, gid int) {
	if o.users == nil {
		o.users = readIDs(o.tree, passwdPath)
		o.groups = readIDs(o.tree, groupPath)
	}
	return resolveID(o.users, e.User, e.UID), resolveID(o.groups, e.Group, e.GID)
}

// reset makes the next look-up read the accounts anew.
func (o *owners) reset() { o.users, o.groups = nil, nil }

func resolveID(ids map[string]int, name string, otherwise int) int {
	if id, ok := ids[name]; ok {
		return id
	}
	if name == "root" {
		return 0
	}
	return otherwise
}

// readIDs returns the ids of a file such as passwd(5) or group(5), by name. A
// missing or unreadable file has none, as for apk.
func readIDs(t *tree.Tree, path string) map[string]int {
	ids := map[string]int{}
	text, err := t.ReadFile(path, maxAccounts)
	if err != nil {
		return ids
	}
	for line := range strings.Lines(string(text)) {
		if a, ok := parseAccount(line); ok {
			ids[a.name] = a.id // the last one counts
		}
	}
	return ids
}

// account is a line of /etc/passwd or /etc/group.
type account struct {
	name   string
	id     int
	fields []string
}

// parseAccount reads a line "name:password:id:...". Others are passed over,
// as the C library does.
func parseAccount(line string) (account, bool) {
	fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
	if len(fields) < 4 {
		return account{}, false
	}
	id, err := strconv.ParseUint(fields[2], 10, 32)
	if err != nil {
		return account{}, false
	}
	return account{fields[0], int(id), fields}, true
}
