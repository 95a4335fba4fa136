package script

import (
	"slices"
	"strconv"

	"github.com/mkimage/mkimage/assemble/tree"
)

// The ranges from which busybox picks ids, as Alpine configures it.
const (
	firstSystemID = 100
	lastSystemID  = 999
	lastID        = 256000
)

// adduser is busybox's adduser: adds a user, or with two operands and no
// option an existing user to a group.
func adduser(p *process) error {
	opts, operands, err := p.options("h:g:s:G:DSHu:k:",
		"home=h", "gecos=g", "shell=s", "ingroup=G", "disabled-password=D", "empty-password=D",
		"system=S", "no-create-home=H", "uid=u", "skel=k")
	if err != nil {
		return err
	}
	if len(operands) < 1 || len(operands) > 2 {
		return p.usage()
	}
	if len(operands) == 2 && len(opts.order) == 0 {
		return p.addMember(operands[0], operands[1])
	}
	u, err := p.newUser(operands[0], opts)
	if err != nil {
		return err
	}
	if err := p.updateAccounts(passwdFile, func(db *accounts) error {
		db.add(u.name, "x", strconv.Itoa(u.uid), strconv.Itoa(u.gid), u.gecos, u.home, u.shell)
		return nil
	}); err != nil {
		return err
	}
	if err := p.updateAccounts(shadowFile, func(db *accounts) error {
		if db.find(u.name) == nil { // an entry that is there is kept
			db.add(u.name, "!", p.today(), "0", "99999", "7", "", "", "")
		}
		return nil
	}); err != nil {
		return err
	}
	// The own group, or the membership in the one asked for. Its failure is
	// not adduser's.
	join := []string{"addgroup", "-g", strconv.Itoa(u.gid), "--", u.name}
	if u.group != "" {
		join = []string{"addgroup", "--", u.name, u.group}
	}
	if err := fatalOnly(p.start(join)); err != nil {
		return err
	}
	if !opts.has('H') {
		if err := p.makeHome(u, opts); err != nil {
			return err
		}
	}
	if !opts.has('D') && !opts.has('S') {
		return p.unsupported("adduser", "asks for a password unless it has -D or -S")
	}
	return nil
}

// user is one to be added.
type user struct {
	name, gecos, home, shell string
	uid, gid                 int
	group                    string // to join; empty for one of its own
}

// newUser finds what the new entry says, or why there can be none.
func (p *process) newUser(name string, opts flags) (*user, error) {
	users, err := lookAccounts(p.machine, passwdFile)
	if err != nil {
		return nil, p.failErr(err, passwdFile)
	}
	groups, err := lookAccounts(p.machine, groupFile)
	if err != nil {
		return nil, p.failErr(err, groupFile)
	}
	u := &user{name: name, gecos: "Linux User,,,", home: "/home/" + name, shell: p.rootShell(users), group: opts.value('G'), gid: -1}
	system := opts.has('S')
	if system {
		u.shell = "/sbin/nologin"
		if u.group == "" {
			u.group = "nogroup"
		}
	}
	for letter, field := range map[byte]*string{'h': &u.home, 'g': &u.gecos, 's': &u.shell} {
		if opts.has(letter) {
			*field = opts.value(letter)
		}
	}
	if !validName(name) {
		return nil, p.fail("illegal character in '%s'", name)
	}
	if u.group != "" {
		g := groups.find(u.group)
		if g == nil {
			return nil, p.fail("unknown group %s", u.group)
		}
		u.gid, _ = g.id()
	}
	if users.find(name) != nil {
		return nil, p.fail("user '%s' in use", name)
	}
	want, err := p.wantedID(opts, 'u')
	if err != nil {
		return nil, err
	}
	u.uid, err = p.freeID(want, system, "uid", func(id int) bool {
		return users.findID(id) != nil || u.gid < 0 && groups.findID(id) != nil
	})
	if err != nil {
		return nil, err
	}
	if u.gid < 0 {
		u.gid = u.uid
		if groups.find(name) != nil {
			return nil, p.fail("group '%s' in use", name)
		}
	}
	return u, nil
}

// rootShell is the shell that a new user gets without -s: $SHELL, or root's.
func (p *process) rootShell(users *accounts) string {
	if shell := p.getenv("SHELL"); shell != "" {
		return shell
	}
	if root := users.findID(0); root != nil && root.field(6) != "" {
		return root.field(6)
	}
	return "/bin/sh"
}

// wantedID parses the id that an option asks for; -1 if it is not given.
func (p *process) wantedID(opts flags, letter byte) (int, error) {
	if !opts.has(letter) {
		return -1, nil
	}
	id, err := strconv.ParseUint(opts.value(letter), 10, 31)
	if err != nil || id > lastID {
		return 0, p.fail("invalid number '%s'", opts.value(letter))
	}
	return int(id), nil
}

// freeID returns the wanted id if it is free, or with -1 the first free one.
func (p *process) freeID(want int, system bool, kind string, used func(int) bool) (int, error) {
	if want >= 0 {
		if used(want) {
			return 0, p.fail("%s '%d' in use", kind, want)
		}
		return want, nil
	}
	first, last := lastSystemID+1, lastID
	if system {
		first, last = firstSystemID, lastSystemID
	}
	for id := first; id <= last; id++ {
		if err := p.step(); err != nil {
			return 0, err
		}
		if !used(id) {
			return id, nil
		}
	}
	return 0, p.fail("no %ss left", kind)
}

// makeHome makes the last name of the home directory, filled from /etc/skel,
// or takes over the one that is there. That it fails is only said.
func (p *process) makeHome(u *user, opts flags) error {
	home := p.abs(u.home)
	node, err := p.tree.Mkdir(home, 0o755)
	if err == nil {
		skel := "/etc/skel"
		if opts.has('k') {
			skel = opts.value('k')
		}
		if dir, err := p.stat(skel); err == nil && dir.Kind == tree.Dir {
			child := *p
			child.umask = 0
			c := &copier{process: &child, recursive: true, into: map[*tree.Node]bool{}}
			for _, e := range dir.Entries() {
				if err := c.copyNode(e.Node, join(skel, e.Name), join(u.home, e.Name)); err != nil {
					return err
				}
			}
			eachNode(node, func(n *tree.Node) { n.UID, n.GID = u.uid, u.gid })
		}
	} else if node, _ = p.tree.Stat(home); node == nil {
		return p.warnErr(err, "%s", u.home)
	}
	node.UID, node.GID, node.Mode = u.uid, u.gid, 0o2755
	return nil
}

// addgroup is busybox's addgroup: adds a group, or with two operands a user to
// a group.
func addgroup(p *process) error {
	opts, operands, err := p.options("g:S", "gid=g", "system=S")
	if err != nil {
		return err
	}
	if len(operands) < 1 || len(operands) > 2 || len(operands) == 2 && opts.has('g') {
		return p.usage()
	}
	if len(operands) == 2 {
		return p.addMember(operands[0], operands[1])
	}
	name := operands[0]
	if !validName(name) {
		return p.fail("illegal character in '%s'", name)
	}
	groups, err := lookAccounts(p.machine, groupFile)
	if err != nil {
		return p.failErr(err, groupFile)
	}
	want, err := p.wantedID(opts, 'g')
	if err != nil {
		return err
	}
	if groups.find(name) != nil {
		return p.fail("group '%s' in use", name)
	}
	gid, err := p.freeID(want, opts.has('S'), "gid", func(id int) bool { return groups.findID(id) != nil })
	if err != nil {
		return err
	}
	if err := p.updateAccounts(groupFile, func(db *accounts) error {
		db.add(name, "x", strconv.Itoa(gid), "")
		return nil
	}); err != nil {
		return err
	}
	return p.updateAccounts(gshadowFile, func(db *accounts) error {
		if db.find(name) == nil {
			db.add(name, "!", "", "")
		}
		return nil
	})
}

// addMember adds a user to a group's member list; one who is in it already is
// no error.
func (p *process) addMember(name, group string) error {
	users, err := lookAccounts(p.machine, passwdFile)
	if err != nil {
		return p.failErr(err, passwdFile)
	}
	if users.find(name) == nil {
		return p.fail("unknown user %s", name)
	}
	groups, err := lookAccounts(p.machine, groupFile)
	if err != nil {
		return p.failErr(err, groupFile)
	}
	g := groups.find(group)
	if g == nil {
		return p.fail("unknown group %s", group)
	}
	if slices.Contains(g.members(), name) {
		return nil
	}
	add := func(db *accounts) error {
		if g := db.find(group); g != nil {
			g.setMembers(append(g.members(), name))
		}
		return nil
	}
	if err := p.updateAccounts(groupFile, add); err != nil {
		return err
	}
	return p.updateAccounts(gshadowFile, add)
}
