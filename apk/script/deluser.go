package script

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// today is the number of days since 1970 that shadow(5) records; 0 has a
// meaning of its own there and is avoided.
func (p *process) today() string { return strconv.FormatInt(max(p.now/86400, 0), 10) }

// deluser is busybox's deluser: the user goes, its memberships, and its group
// if that is nobody else's primary one.
func deluser(p *process) error {
	opts, operands, err := p.options("r", "remove-home=r")
	if err != nil {
		return err
	}
	if len(operands) != 1 {
		return p.usage()
	}
	name := operands[0]
	users, err := lookAccounts(p.machine, passwdFile)
	if err != nil {
		return p.failErr(err, passwdFile)
	}
	u := users.find(name)
	if u == nil {
		return p.fail("unknown user %s", name)
	}
	if home, err := p.stat(u.field(5)); opts.has('r') && err == nil && home.Kind == tree.Dir {
		if err := p.tree.RemoveAll(u.field(5)); err != nil {
			return p.failErr(err, "%s", u.field(5))
		}
	}
	drop := func(db *accounts) error { db.remove(name); return nil }
	for _, file := range []string{passwdFile, shadowFile} {
		if err := p.updateAccounts(file, drop); err != nil {
			return err
		}
	}
	if err := p.updateAccounts(groupFile, func(db *accounts) error {
		for _, g := range db.list {
			g.dropMember(name)
		}
		return nil
	}); err != nil {
		return err
	}
	groups, err := lookAccounts(p.machine, groupFile)
	if err != nil || groups.find(name) == nil {
		return fatalOnly(err)
	}
	return p.removeGroup(name)
}

func (a *account) dropMember(name string) {
	if a.field(3) == "" {
		return
	}
	a.setMembers(slices.DeleteFunc(a.members(), func(m string) bool { return m == name }))
}

// delgroup is busybox's delgroup: a group, or with two operands a membership.
func delgroup(p *process) error {
	_, operands, err := p.options("")
	if err != nil {
		return err
	}
	if len(operands) < 1 || len(operands) > 2 {
		return p.usage()
	}
	group := operands[len(operands)-1]
	groups, err := lookAccounts(p.machine, groupFile)
	if err != nil {
		return p.failErr(err, groupFile)
	}
	if groups.find(group) == nil {
		return p.fail("unknown group %s", group)
	}
	if len(operands) == 1 {
		return p.removeGroup(group)
	}
	drop := func(db *accounts) error {
		if g := db.find(group); g != nil {
			g.dropMember(operands[0])
		}
		return nil
	}
	if err := p.updateAccounts(groupFile, drop); err != nil {
		return err
	}
	return p.updateAccounts(gshadowFile, drop)
}

// removeGroup removes a group that is no user's primary one.
func (p *process) removeGroup(name string) error {
	users, err := lookAccounts(p.machine, passwdFile)
	if err != nil {
		return p.failErr(err, passwdFile)
	}
	groups, err := lookAccounts(p.machine, groupFile)
	if err != nil {
		return p.failErr(err, groupFile)
	}
	if g := groups.find(name); g != nil {
		for _, u := range users.list {
			if u.field(3) == g.field(2) && len(u.fields) > 3 {
				return p.fail("'%s' still has '%s' as their primary group!", u.name(), name)
			}
		}
	}
	drop := func(db *accounts) error { db.remove(name); return nil }
	if err := p.updateAccounts(groupFile, drop); err != nil {
		return err
	}
	return p.updateAccounts(gshadowFile, drop)
}

// passwd is busybox's passwd, as far as it asks nothing: -l, -u and -d.
func passwd(p *process) error {
	opts, operands, err := p.options("lud")
	if err != nil {
		return err
	}
	if len(opts.order) != 1 {
		return p.unsupported("passwd", "asks for a password unless it has one of -l, -u and -d")
	}
	name := "root"
	if len(operands) == 1 {
		name = operands[0]
	}
	users, err := lookAccounts(p.machine, passwdFile)
	if err != nil {
		return p.failErr(err, passwdFile)
	}
	u := users.find(name)
	if u == nil || len(operands) > 1 {
		return p.fail("unknown user %s", name)
	}
	file, hash := passwdFile, u.field(1)
	shadow, err := lookAccounts(p.machine, shadowFile)
	if err != nil {
		return p.failErr(err, shadowFile)
	}
	if s := shadow.find(name); s != nil {
		file, hash = shadowFile, s.field(1)
	}
	next := ""
	switch locked := strings.HasPrefix(hash, "!"); opts.order[0] {
	case 'l':
		if locked {
			return p.fail("password for %s is already locked", name)
		}
		next = "!" + hash
	case 'u':
		if !locked {
			return p.fail("password for %s is already unlocked", name)
		}
		next = hash[1:]
	}
	return p.setPassword(file, name, next)
}

// setPassword replaces the second field of an entry; in shadow the day of the
// change as well.
func (p *process) setPassword(file, name, hash string) error {
	return p.updateAccounts(file, func(db *accounts) error {
		a := db.find(name)
		if a == nil {
			return nil
		}
		a.fields[1] = hash
		if file == shadowFile && len(a.fields) > 2 {
			a.fields[2] = p.today()
			if a.fields[2] == "0" {
				a.fields[2] = "1"
			}
		}
		return nil
	})
}

// addShell and removeShell are busybox's add-shell and remove-shell: they
// rewrite /etc/shells, with the shells that are new at its end.
func addShell(p *process) error { return p.editShells(true) }

func removeShell(p *process) error { return p.editShells(false) }

func (p *process) editShells(add bool) error {
	const file = "/etc/shells"
	mode := uint32(0o666)
	var text string
	if n, err := p.stat(file); err == nil && n.Kind == tree.File {
		data, err := p.content(n)
		if err != nil {
			return err
		}
		text, mode = string(data), n.Mode
	}
	var out strings.Builder
	missing := slices.Clone(p.args[1:])
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		named := slices.Contains(p.args[1:], line)
		if named && !add {
			continue
		}
		missing = slices.DeleteFunc(missing, func(s string) bool { return s == line })
		out.WriteString(line + "\n")
	}
	if add {
		for _, shell := range missing {
			out.WriteString(shell + "\n")
		}
	}
	canon, err := p.tree.Canonical(file)
	if err != nil {
		return p.failErr(err, "%s", file)
	}
	n := &tree.Node{Kind: tree.File, Mode: mode &^ p.umask, Content: tree.Bytes(out.String())}
	if err := p.tree.Replace(canon, n); err != nil {
		return p.failErr(err, "%s", file)
	}
	return nil
}
