package assemble

import (
	"maps"
	"slices"
	"strconv"

	"github.com/mkimage/mkimage/internal/spelling"
	"github.com/mkimage/mkimage/spec"
)

// readAccounts reads who there is in the image, for owners and the process's
// user.
func (d *declarer) readAccounts() {
	d.passwd, d.group = d.accountsOf(passwdPath), d.accountsOf(groupPath)
}

// accountsOf returns the accounts of a file by name, the first of each. root
// is always known.
func (d *declarer) accountsOf(path string) map[string]account {
	byName := map[string]account{"root": {name: "root", fields: []string{"root", "x", "0", "0"}}}
	f, err := readAccountFile(d.tree, path)
	if err != nil {
		return byName // addAccounts has told
	}
	for _, line := range slices.Backward(f.lines) {
		if a, ok := parseAccount(line); ok {
			byName[a.name] = a
		}
	}
	return byName
}

// owner returns the ids of a declared owner, 0 and 0 for none.
func (d *declarer) owner(o spec.Owner) (uid, gid int, ok bool) {
	if o.User == "" {
		return 0, 0, true
	}
	uid, gid, _, ok = d.identity(o.Pos, o.User, o.Group)
	return uid, gid, ok
}

// processUser returns the process's user as ids, which need no files in the
// image and tell a cluster's policy whether it is root. The group is left out
// where the image has an entry for the user, because a runtime then adds the
// user's further groups.
func (d *declarer) processUser(u spec.ProcessUser) string {
	uid, gid, known, ok := d.identity(u.Pos, u.User, u.Group)
	if !ok {
		return ""
	}
	if u.Group == "" && known {
		return strconv.Itoa(uid)
	}
	return strconv.Itoa(uid) + ":" + strconv.Itoa(gid)
}

// identity resolves a user and a group, each a name or an id, and reports
// whether the image has the user. Without a group it is the user's primary
// one, or for an id that is no user's the group with the same id.
func (d *declarer) identity(pos spec.Pos, user, group string) (uid, gid int, known, ok bool) {
	a, known, ok := d.resolve(pos, "user", user, d.passwd)
	if !ok {
		return 0, 0, false, false
	}
	gid = a.id
	if known {
		if id, err := strconv.ParseUint(a.fields[3], 10, 32); err == nil {
			gid = int(id)
		}
	}
	if group != "" {
		g, _, ok := d.resolve(pos, "group", group, d.group)
		return a.id, g.id, known, ok
	}
	return a.id, gid, known, true
}

// resolve returns the account by a name or an id, and whether the image has
// it, which a name must.
func (d *declarer) resolve(pos spec.Pos, what, name string, accounts map[string]account) (a account, known, ok bool) {
	if id, err := strconv.ParseUint(name, 10, 32); err == nil {
		for _, n := range slices.Sorted(maps.Keys(accounts)) {
			if accounts[n].id == int(id) {
				return accounts[n], true, true
			}
		}
		return account{id: int(id)}, false, true
	}
	if a, known = accounts[name]; !known {
		d.fault(pos, "cannot use %q: there is no %s %s in the image%s", name, what, name, spelling.Hint(name, slices.Sorted(maps.Keys(accounts))))
	}
	return a, known, known
}
