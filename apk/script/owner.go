package script

import (
	"maps"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// chown is chown(1): OWNER, OWNER:, OWNER:GROUP, :GROUP and the older dot. With
// "OWNER:" the group is the user's own.
func chown(p *process) error {
	return p.changeOwners(func(spec string) (uid, gid int, err error) {
		return p.parseOwner(spec)
	})
}

// chgrp is chgrp(1).
func chgrp(p *process) error {
	return p.changeOwners(func(spec string) (uid, gid int, err error) {
		gid, ok, err := p.groupID(spec)
		if err == nil && !ok {
			err = p.fail("unknown group %s", spec)
		}
		return -1, gid, err
	})
}

func (p *process) changeOwners(parse func(string) (uid, gid int, err error)) error {
	opts, operands, err := p.options("RhLHPvcf", "recursive=R", "no-dereference=h", "dereference=D", "verbose=v", "changes=c", "quiet=f", "silent=f")
	if err != nil {
		return err
	}
	if opts.has('L') || opts.has('H') {
		return p.unsupported(p.name(), "has no option as -L or -H that mkimage knows")
	}
	if len(operands) < 2 {
		return p.usage()
	}
	uid, gid, err := parse(operands[0])
	if err != nil {
		return err
	}
	find := p.stat
	if opts.has('h') || opts.has('R') {
		find = p.lstat // with -R, a symlink's own owner is changed
	}
	for _, name := range operands[1:] {
		n, err := find(name)
		switch {
		case err != nil:
			if err := p.warnErr(err, "%s", name); err != nil {
				return err
			}
		case opts.has('R'):
			eachNode(n, func(n *tree.Node) { setOwner(n, uid, gid) })
		default:
			u, g := uid, gid
			if l, err := p.lstat(name); err == nil && l != n {
				// What is not given stays, and busybox asks the symlink
				// what that is.
				if u < 0 {
					u = l.UID
				}
				if g < 0 {
					g = l.GID
				}
			}
			setOwner(n, u, g)
		}
	}
	return p.done()
}

// setOwner changes a node's owner, -1 leaves it, as chown(2): a file loses
// setuid, setgid if the group may execute it, and its capabilities.
func setOwner(n *tree.Node, uid, gid int) {
	if uid >= 0 {
		n.UID = uid
	}
	if gid >= 0 {
		n.GID = gid
	}
	if n.Kind == tree.Dir || n.Kind == tree.Symlink {
		return
	}
	n.Mode &^= 0o4000
	if n.Mode&0o010 != 0 {
		n.Mode &^= 0o2000
	}
	dropCapability(n)
}

const capability = "security.capability"

// dropCapability removes what the kernel does not let survive a change of a
// file. The map may be shared with the package's entry.
func dropCapability(n *tree.Node) {
	if _, ok := n.Xattrs[capability]; ok {
		n.Xattrs = maps.Clone(n.Xattrs)
		delete(n.Xattrs, capability)
	}
}

// setContent replaces a file's content as write(2) by root does: the mode
// stays, capabilities go.
func setContent(n *tree.Node, c tree.Content) {
	n.SetContent(c)
	dropCapability(n)
}

// parseOwner turns an owner specification into ids; -1 is one not given.
func (p *process) parseOwner(spec string) (uid, gid int, _ error) {
	uid, gid = -1, -1
	sep := strings.IndexByte(spec, ':')
	if sep < 0 {
		// A dot separates too, unless the whole is a user's name.
		if _, ok, err := p.userID(spec); err != nil || ok {
			uid, _, err = p.userID(spec)
			return uid, gid, err
		}
		sep = strings.IndexByte(spec, '.')
	}
	user, group := spec, ""
	if sep >= 0 {
		user, group = spec[:sep], spec[sep+1:]
	}
	if user != "" {
		id, ok, err := p.userID(user)
		if err != nil {
			return 0, 0, err
		}
		if !ok {
			return 0, 0, p.fail("unknown user %s", user)
		}
		uid = id
	}
	switch {
	case group != "":
		id, ok, err := p.groupID(group)
		if err != nil {
			return 0, 0, err
		}
		if !ok {
			return 0, 0, p.fail("unknown group %s", group)
		}
		gid = id
	case sep >= 0 && user != "":
		id, ok, err := p.loginGroup(user, uid)
		if err != nil {
			return 0, 0, err
		}
		if !ok {
			return 0, 0, p.fail("unknown user %s", user)
		}
		gid = id
	}
	return uid, gid, nil
}

// loginGroup is the primary group of a user given by name or number.
func (p *process) loginGroup(name string, uid int) (int, bool, error) {
	users, err := lookAccounts(p.machine, passwdFile)
	if err != nil {
		return 0, false, err
	}
	u := users.find(name)
	if u == nil {
		u = users.findID(uid)
	}
	if u == nil {
		return 0, false, nil
	}
	return p.groupID(u.field(3))
}
