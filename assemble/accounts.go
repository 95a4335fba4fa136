package assemble

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
	"github.com/mkimage/mkimage/internal/spelling"
	"github.com/mkimage/mkimage/spec"
)

// isAccounts reports whether the file at path p says what names mean.
func isAccounts(p string) bool { return p == "/"+passwdPath || p == "/"+groupPath }

// accountFile is passwd(5), group(5) or shadow(5) of the image.
type accountFile struct {
	path    string
	lines   []string
	present bool
	changed bool
}

// readAccountFile reads one; a missing one is empty.
func readAccountFile(t *tree.Tree, path string) (*accountFile, error) {
	f := &accountFile{path: path}
	text, err := t.ReadFile(path, maxAccounts)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, cannotAdd("/"+path, err)
	}
	f.present = true
	for line := range strings.Lines(string(text)) {
		f.lines = append(f.lines, strings.TrimSuffix(line, "\n"))
	}
	return f, nil
}

// find returns the account that is, by match, the first.
func (f *accountFile) find(match func(account) bool) (account, bool) {
	for _, line := range f.lines {
		if a, ok := parseAccount(line); ok && match(a) {
			return a, true
		}
	}
	return account{}, false
}

func (f *accountFile) named(name string) (account, bool) {
	return f.find(func(a account) bool { return a.name == name })
}

func (f *accountFile) withID(id uint32) (account, bool) {
	return f.find(func(a account) bool { return a.id == int(id) })
}

func (f *accountFile) append(line string) {
	f.lines = append(f.lines, line)
	f.changed = true
}

// join adds a user to the members of a group, and reports whether there is
// that group.
func (f *accountFile) join(group, user string) bool {
	for i, line := range f.lines {
		a, ok := parseAccount(line)
		if !ok || a.name != group {
			continue
		}
		members := strings.FieldsFunc(a.fields[3], func(r rune) bool { return r == ',' })
		if !slices.Contains(members, user) {
			a.fields[3] = strings.Join(append(members, user), ",")
			f.lines[i] = strings.Join(a.fields, ":")
			f.changed = true
		}
		return true
	}
	return false
}

// write puts the file back if it was changed: in place, or new with mode 0644.
func (f *accountFile) write(d *declarer) error {
	if !f.changed {
		return nil
	}
	if err := d.parents("/" + f.path); err != nil {
		return err
	}
	_, err := d.tree.WriteFile(f.path, tree.Bytes(strings.Join(f.lines, "\n")+"\n"), modeFile)
	return cannotAdd("/"+f.path, err)
}

// addAccounts adds the declared users and groups. One that the packages made
// under the same name stays as it is if its ids are those declared. A home is
// not made: a directory in files can be it, with the mode that it should have.
func (d *declarer) addAccounts(users []spec.User, groups []spec.Group) {
	var files []*accountFile
	for _, path := range []string{passwdPath, groupPath, shadowPath} {
		f, err := readAccountFile(d.tree, path)
		if err != nil {
			if len(users)+len(groups) > 0 {
				d.fault(spec.Pos{}, "%v", err)
			}
			return
		}
		files = append(files, f)
	}
	passwd, group, shadow := files[0], files[1], files[2]
	for _, g := range groups {
		d.addGroup(group, g, users)
	}
	for _, u := range users {
		d.addUser(passwd, shadow, u)
	}
	d.addMembers(group, passwd, users, groups)
	for _, f := range files {
		if err := f.write(d); err != nil {
			d.fault(spec.Pos{}, "%v", err)
		}
	}
}

func (d *declarer) addGroup(group *accountFile, g spec.Group, users []spec.User) {
	// A group without a declaration of its own is there for a user's sake.
	field, implied := "groups."+g.Name, slices.ContainsFunc(users, func(u spec.User) bool { return u.Name == g.Name && u.Pos == g.Pos })
	if implied {
		field = "users." + g.Name
	}
	if have, ok := group.named(g.Name); ok {
		if have.id != int(g.GID) {
			d.fault(g.Pos, "%s: cannot add the group with gid %d: the packages made it with %d; declare that gid, or another name", field, g.GID, have.id)
		}
		return
	}
	if have, ok := group.withID(g.GID); ok {
		if implied {
			return
		}
		d.fault(g.Pos, "%s: cannot add the group with gid %d: the packages gave it to %s; declare another", field, g.GID, have.name)
	}
	group.append(fmt.Sprintf("%s:x:%d:", g.Name, g.GID))
}

func (d *declarer) addUser(passwd, shadow *accountFile, u spec.User) {
	if have, ok := passwd.named(u.Name); ok {
		if have.id != int(u.UID) || have.fields[3] != strconv.FormatUint(uint64(u.GID), 10) {
			d.fault(u.Pos, "users.%s: cannot add the user with uid %d and gid %d: the packages made it with %d and %s; declare those ids, or another name",
				u.Name, u.UID, u.GID, have.id, have.fields[3])
		}
		return
	}
	if have, ok := passwd.withID(u.UID); ok {
		d.fault(u.Pos, "users.%s: cannot add the user with uid %d: the packages gave it to %s; declare another", u.Name, u.UID, have.name)
	}
	passwd.append(fmt.Sprintf("%s:x:%d:%d:%s:%s:%s", u.Name, u.UID, u.GID, u.Gecos, u.Home, u.Shell))
	if shadow.present {
		// No password and no day of its change, which would be today's.
		shadow.append(u.Name + ":!::0:99999:7:::")
	}
}

// addMembers makes users members of groups, those of the packages included.
func (d *declarer) addMembers(group, passwd *accountFile, users []spec.User, groups []spec.Group) {
	for _, g := range groups {
		for _, m := range g.Members {
			if _, ok := passwd.named(m); !ok {
				d.fault(g.Pos, "groups.%s: cannot have the member %s: there is no user %s in the image%s", g.Name, m, m, spelling.Hint(m, passwd.names()))
				continue
			}
			group.join(g.Name, m)
		}
	}
	for _, u := range users {
		for _, g := range u.Groups {
			if !group.join(g.Value, u.Name) {
				d.fault(g.Pos, "users.%s.groups: cannot use %q: there is no group %s in the image%s", u.Name, g.Value, g.Value, spelling.Hint(g.Value, group.names()))
			}
		}
	}
}

// names returns the accounts' names in the file's order.
func (f *accountFile) names() []string {
	var names []string
	for _, line := range f.lines {
		if a, ok := parseAccount(line); ok {
			names = append(names, a.name)
		}
	}
	return names
}
