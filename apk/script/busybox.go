package script

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// isBusybox tells a multi-call binary of busybox by its name.
func isBusybox(file string) bool {
	switch path.Base(file) {
	case "busybox", "busybox.static", "busybox-extras", "bbsuid":
		return true
	}
	return false
}

// missingApplet is what a busybox that was called by the name of an applet
// that is not done here does: the script is refused if it has that applet.
func (p *process) missingApplet(canon, name string) error {
	list, err := p.applets(canon)
	if err != nil || slices.ContainsFunc(list, func(applet string) bool { return path.Base(applet) == name }) {
		return p.unsupported(p.args[0], "is not a command mkimage knows")
	}
	if err := p.warn("applet not found: %s", name); err != nil {
		return err
	}
	return status(127)
}

// busybox is the multi-call binary called by its own name.
func busybox(p *process) error { return p.multiCall("bin/busybox") }

func busyboxExtras(p *process) error { return p.multiCall("bin/busybox-extras") }

func (p *process) multiCall(self string) error {
	if file, err := p.lookup(p.args[0]); err == nil && file != "" {
		if canon, err := p.tree.Canonical(file); err == nil {
			self = canon
		}
	}
	args := p.args[1:]
	if len(args) == 0 {
		return nil // it prints what it is
	}
	switch args[0] {
	case "--install":
		return p.installApplets(self, args[1:])
	case "--list", "--list-full":
		list, err := p.applets(self)
		if err != nil {
			return err
		}
		for _, applet := range list {
			if args[0] == "--list" {
				applet = path.Base(applet)
			}
			if err := p.print(applet + "\n"); err != nil {
				return err
			}
		}
		return nil
	case "--help":
		return nil
	}
	child := *p
	child.args = args
	if fn := command(args[0]); fn != nil {
		return fn(&child)
	}
	return child.missingApplet(self, args[0])
}

// installApplets is --install [-s] [DIR]: links for the applets at their own
// paths, or all in DIR, never over what exists. A path whose directory is
// missing gets none.
func (p *process) installApplets(self string, args []string) error {
	symbolic := len(args) > 0 && args[0] == "-s"
	if symbolic {
		args = args[1:]
	}
	list, err := p.applets(self)
	if err != nil {
		return err
	}
	for _, applet := range list {
		if err := p.step(); err != nil {
			return err
		}
		link := "/" + applet
		if len(args) > 0 {
			link = join(p.abs(args[0]), path.Base(applet))
		}
		var err error
		if symbolic {
			_, err = p.tree.Symlink("/"+self, link)
		} else {
			err = p.tree.Link(self, link)
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			if err := p.warnErr(err, "%s", link); err != nil {
				return err
			}
		}
	}
	p.failed = false // it ends with 0 all the same
	return nil
}

// applets returns the paths of a multi-call binary's applets, without leading
// slash, by name: what the package lists, else what the binary says.
func (m *machine) applets(self string) ([]string, error) {
	n, err := m.tree.Stat("/etc/busybox-paths.d/" + path.Base(self))
	if err == nil && n.Kind == tree.File {
		data, err := m.content(n)
		if err != nil {
			return nil, err
		}
		list := strings.Fields(string(data))
		sortApplets(list)
		return list, nil
	}
	if n, err = m.tree.Stat(self); err != nil {
		return nil, err
	}
	data, err := m.content(n)
	if err != nil {
		return nil, err
	}
	list, ok := appletPaths(data)
	if !ok {
		return nil, m.unsupported("/"+self, "does not tell its applets' paths, nor does /etc/busybox-paths.d")
	}
	return list, nil
}

// sortApplets orders paths by the applets' names, as the binary has them.
func sortApplets(list []string) {
	sort.Slice(list, func(i, j int) bool { return path.Base(list[i]) < path.Base(list[j]) })
}

// bbsuid is Alpine's setuid wrapper: --install points the links of the applets
// that need it from busybox to itself.
func bbsuid(p *process) error {
	if len(p.args) < 2 || p.args[1] != "--install" {
		return status(1)
	}
	for _, applet := range []string{
		"bin/mount", "bin/su", "bin/umount",
		"usr/bin/crontab", "usr/bin/passwd", "usr/bin/traceroute", "usr/bin/traceroute6", "usr/bin/vlock",
	} {
		target, err := p.tree.Readlink(applet)
		if (err == nil && target == "/bin/busybox") || errors.Is(err, fs.ErrNotExist) {
			p.replaceLink("/bin/bbsuid", applet)
		}
	}
	return nil
}

func (p *process) replaceLink(target, link string) {
	_ = p.tree.Remove(link) // it may be missing
	_, _ = p.tree.Symlink(target, link)
}
