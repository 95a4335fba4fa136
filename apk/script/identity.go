package script

import (
	"slices"
	"strconv"
	"strings"
)

// id is id(1): -u, -g, -G, -n of root or of a user of the image.
func id(p *process) error {
	opts, operands, err := p.options("ugGnr", "user=u", "group=g", "groups=G", "name=n", "real=r")
	if err != nil {
		return err
	}
	users, err := lookAccounts(p.machine, passwdFile)
	if err != nil {
		return err
	}
	groups, err := lookAccounts(p.machine, groupFile)
	if err != nil {
		return err
	}
	name, uid, gid := "root", 0, 0
	if len(operands) > 0 {
		u := users.find(operands[0])
		if n, err := strconv.Atoi(operands[0]); u == nil && err == nil {
			u = users.findID(n)
		}
		if u == nil {
			return p.fail("unknown user %s", operands[0])
		}
		name = u.name()
		uid, _ = u.id()
		gid, _ = strconv.Atoi(u.field(3))
	}
	show := func(db *accounts, id int) string {
		if a := db.findID(id); a != nil && opts.has('n') {
			return a.name()
		}
		return strconv.Itoa(id)
	}
	switch {
	case opts.has('u'):
		return p.print(show(users, uid) + "\n")
	case opts.has('g'):
		return p.print(show(groups, gid) + "\n")
	}
	ids := []int{gid}
	if len(operands) > 0 { // of itself, the process has no groups but its own
		ids = append(ids, memberships(groups, name, gid)...)
	}
	var list []string
	for _, g := range ids {
		if opts.has('G') {
			list = append(list, show(groups, g))
		} else {
			list = append(list, labelled(groups, g))
		}
	}
	if opts.has('G') {
		return p.print(strings.Join(list, " ") + "\n")
	}
	out := "uid=" + labelled(users, uid) + " gid=" + labelled(groups, gid)
	if len(operands) > 0 {
		out += " groups=" + strings.Join(list, ",")
	}
	return p.print(out + "\n")
}

func memberships(groups *accounts, name string, primary int) []int {
	var ids []int
	for _, g := range groups.list {
		if n, ok := g.id(); ok && n != primary && slices.Contains(g.members(), name) {
			ids = append(ids, n)
		}
	}
	return ids
}

func labelled(db *accounts, id int) string {
	if a := db.findID(id); a != nil {
		return strconv.Itoa(id) + "(" + a.name() + ")"
	}
	return strconv.Itoa(id)
}

// getent is musl-utils' getent for passwd, group, shadow and hosts' likes that
// are files: status 2 if a key is not found.
func getent(p *process) error {
	args := p.args[1:]
	if len(args) == 0 {
		return p.usage()
	}
	var file string
	switch args[0] {
	case "passwd", "group", "shadow", "gshadow":
		file = "/etc/" + args[0]
	default:
		return p.unsupported("getent", "has no database %q here", args[0])
	}
	db, err := lookAccounts(p.machine, file)
	if err != nil {
		return err
	}
	if len(args) == 1 {
		return p.print(db.String())
	}
	for _, key := range args[1:] {
		a := db.find(key)
		if n, err := strconv.Atoi(key); a == nil && err == nil && (args[0] == "passwd" || args[0] == "group") {
			a = db.findID(n)
		}
		if a == nil {
			return status(2)
		}
		if err := p.print(strings.Join(a.fields, ":") + "\n"); err != nil {
			return err
		}
	}
	return nil
}
