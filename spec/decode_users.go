package spec

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/internal/spelling"
)

// The user that a process runs as when a spec names none. The id is that of
// the nonroot user of widely used minimal images.
const (
	nonroot   = "nonroot"
	nonrootID = 65532
)

// accounts are the names of users and groups that an image has by its spec.
// When packages are installed there may be others.
type accounts struct {
	users, groups map[string]bool
	open          bool // packages may bring others
}

func accountsOf(img *Image) accounts {
	a := accounts{users: map[string]bool{"root": true}, groups: map[string]bool{"root": true}}
	a.open = img.APK != nil && len(img.APK.Packages) > 0
	for _, u := range img.Users {
		a.users[u.Name] = true
	}
	for _, g := range img.Groups {
		a.groups[g.Name] = true
	}
	return a
}

// accounts fills in users, groups and the process's user.
func (d *decoder) accounts(img *Image, root *node) {
	users, groups, user := root.field("users"), root.field("groups"), root.field("user")
	for _, name := range groups.names() {
		img.Groups = append(img.Groups, d.group(groups.field(name), name))
	}
	for _, name := range users.names() {
		img.Users = append(img.Users, d.user(users.field(name), name, img.Groups))
	}
	d.uniqueIDs(img, users, groups)
	img.User = ProcessUser{User: nonroot}
	if user != nil {
		img.User = ProcessUser{Pos: user.pos}
		img.User.User, img.User.Group, _ = strings.Cut(d.filled(user).Value, ":")
	}
	if img.User.User == nonroot && users.field(nonroot) == nil {
		d.nonroot(img, users)
	}
	d.primaryGroups(img, users, groups)
	d.membership(img, users, groups)
	if user.ok() {
		d.account(user, user.text, accountsOf(img))
	}
}

// nonroot adds the default user.
func (d *decoder) nonroot(img *Image, users *node) {
	for _, u := range img.Users {
		if uid := users.field(u.Name).field("uid"); uid.ok() && u.UID == nonrootID {
			d.refuse(uid, "cannot use %d: it is the uid of the default user nonroot; give another, or set user to %q", u.UID, u.Name)
		}
	}
	img.Users = append(img.Users, User{
		Pos:   img.User.Pos,
		Name:  nonroot,
		UID:   nonrootID,
		GID:   gidOf(nonroot, nonrootID, img.Groups),
		Home:  "/",
		Shell: "/sbin/nologin",
	})
	slices.SortFunc(img.Users, func(a, b User) int { return strings.Compare(a.Name, b.Name) })
}

// group returns the declared group n.
func (d *decoder) group(n *node, name string) Group {
	d.accountName(n, name, "group")
	g := Group{Pos: n.key, Name: name, GID: d.id(n.field("gid"))}
	if gid := n.field("gid"); gid.ok() && (name == "root") != (g.GID == 0) {
		d.refuse(gid, "cannot use %d: the gid 0 is that of root", g.GID)
	}
	for _, m := range d.unique(n.field("members")) {
		g.Members = append(g.Members, m.Value)
	}
	return g
}

// user returns the declared user n.
func (d *decoder) user(n *node, name string, groups []Group) User {
	d.accountName(n, name, "user")
	u := User{Pos: n.key, Name: name, UID: d.id(n.field("uid")), Home: "/", Shell: "/sbin/nologin"}
	if uid := n.field("uid"); uid.ok() && (name == "root") != (u.UID == 0) {
		d.refuse(uid, "cannot use %d: the uid 0 is that of root", u.UID)
	}
	if gid := n.field("gid"); gid != nil {
		u.GID = d.id(gid)
	} else {
		u.GID = gidOf(name, u.UID, groups)
	}
	u.Groups = append(u.Groups, d.unique(n.field("groups"))...)
	if home := n.field("home"); home != nil {
		u.Home = d.passwdField(home, d.imagePath(home))
	}
	if shell := n.field("shell"); shell != nil {
		u.Shell = d.passwdField(shell, d.imagePath(shell))
	}
	if gecos := n.field("gecos"); gecos != nil {
		u.Gecos = d.passwdField(gecos, d.text(gecos))
	}
	return u
}

// gidOf returns the group id of a user without one.
func gidOf(name string, uid uint32, groups []Group) uint32 {
	for _, g := range groups {
		if g.Name == name {
			return g.GID
		}
	}
	return uid
}

// passwdField refuses a text that would end its field in /etc/passwd.
func (d *decoder) passwdField(n *node, s String) string {
	if strings.ContainsFunc(s.Value, func(r rune) bool { return r == ':' || r < ' ' || r == 0x7f }) {
		d.refuse(n, "cannot use %q: /etc/passwd cannot hold \":\" and control characters", s.Value)
	}
	return s.Value
}

// accountName checks the name of a user or group.
func (d *decoder) accountName(n *node, name, what string) {
	if !validAccount(name) {
		d.add(n.key, "%s: cannot use %q as a %s's name: up to 32 letters, digits, \"_\", \".\" and \"-\" that start with a letter or \"_\"", n.path, name, what)
	}
}

// validAccount reports whether name is one that useradd(8) takes, with
// capitals and dots, which some packages use.
func validAccount(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r != '.' && r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return name != "" && len(name) <= 32
}

// uniqueIDs refuses an id that two users or two groups have.
func (d *decoder) uniqueIDs(img *Image, users, groups *node) {
	uids, gids := map[uint32]string{}, map[uint32]string{}
	for _, u := range img.Users {
		uid := users.field(u.Name).field("uid")
		if !uid.ok() {
			continue
		}
		if other, taken := uids[u.UID]; taken {
			d.refuse(uid, "%d is already the uid of %s", u.UID, other)
		}
		uids[u.UID] = u.Name
	}
	for _, g := range img.Groups {
		gid := groups.field(g.Name).field("gid")
		if !gid.ok() {
			continue
		}
		if other, taken := gids[g.GID]; taken {
			d.refuse(gid, "%d is already the gid of %s", g.GID, other)
		}
		gids[g.GID] = g.Name
	}
}

// primaryGroups adds the groups that users' gids need, with the users' names.
func (d *decoder) primaryGroups(img *Image, users, groups *node) {
	gids, names := map[uint32]bool{0: true}, map[string]Group{}
	for _, g := range img.Groups {
		gids[g.GID], names[g.Name] = true, g
	}
	for _, u := range img.Users {
		n := users.field(u.Name)
		if gids[u.GID] || n != nil && !n.field("uid").ok() {
			continue
		}
		if g, ok := names[u.Name]; ok {
			if gid := n.field("gid"); gid.ok() && groups.field(g.Name).field("gid").ok() {
				d.refuse(gid, "cannot use %d: no group has this gid, and %s has %d", u.GID, g.Name, g.GID)
			}
			continue
		}
		g := Group{Pos: u.Pos, Name: u.Name, GID: u.GID}
		gids[u.GID], names[u.Name] = true, g
		img.Groups = append(img.Groups, g)
	}
	slices.SortFunc(img.Groups, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
}

// membership adds the users to their further groups and checks the names on
// both sides.
func (d *decoder) membership(img *Image, users, groups *node) {
	names := accountsOf(img)
	members := map[string][]string{}
	for _, u := range img.Users {
		if list := users.field(u.Name).field("groups"); list != nil {
			for i, g := range u.Groups {
				d.known(list.list[i], g.Value, "group", names.groups, names.open)
				members[g.Value] = append(members[g.Value], u.Name)
			}
		}
	}
	for i := range img.Groups {
		g := &img.Groups[i]
		if list := groups.field(g.Name).field("members"); list != nil {
			for i, m := range g.Members {
				d.known(list.list[i], m, "user", names.users, names.open)
			}
		}
		g.Members = slices.Compact(slices.Sorted(slices.Values(append(g.Members, members[g.Name]...))))
	}
}

// known refuses the name of a user or group that the image will not have.
func (d *decoder) known(n *node, name, what string, names map[string]bool, open bool) {
	if n.ok() && name != "" && !names[name] && !open {
		d.refuse(n, "cannot use %q: there is no %s %s%s", n.text, what, name, spelling.Hint(name, slices.Sorted(maps.Keys(names))))
	}
}

// owner returns the owner n.
func (d *decoder) owner(n *node, names accounts) Owner {
	if !n.ok() {
		return Owner{}
	}
	user, group := d.account(n, n.text, names)
	return Owner{User: user, Group: group, Pos: n.pos}
}

// account checks "user" or "user:group", each a name or an id.
func (d *decoder) account(n *node, text string, names accounts) (user, group string) {
	user, group, both := strings.Cut(text, ":")
	if !validReference(user) || both && !validReference(group) {
		if text != "" {
			d.refuse(n, "cannot use %q: must be a user's name or id, and a group's after \":\"", text)
		}
		return user, group
	}
	d.reference(n, user, "user", names.users, names.open)
	if both {
		d.reference(n, group, "group", names.groups, names.open)
	}
	return user, group
}

// validReference reports whether s has the form of a name or id.
func validReference(s string) bool { return validAccount(s) || isNumber(s) }

// isNumber reports whether s is a decimal number.
func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// reference checks that a name or id can be meant.
func (d *decoder) reference(n *node, s, what string, names map[string]bool, open bool) {
	if !isNumber(s) {
		d.known(n, s, what, names, open)
		return
	}
	if id, err := strconv.ParseUint(s, 10, 32); err != nil || id > 4294967294 {
		d.refuse(n, "cannot use %q: the %s id %s is larger than 4294967294", n.text, what, s)
	}
}
