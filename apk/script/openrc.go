package script

import (
	"slices"

	"github.com/mkimage/mkimage/assemble/tree"
)

// rcUpdate is OpenRC's rc-update as far as it changes runlevels: [-a] add,
// [-d] del or delete, a service, and runlevels. Without one the runlevel is
// sysinit, the current one where nothing has been started.
func rcUpdate(p *process) error {
	opts, args, err := p.options("adsuvqCN", "all=a", "quiet=q", "nocolor=C", "verbose=v")
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return p.unsupported("rc-update", "shows nothing here")
	}
	action := args[0]
	args = args[1:]
	if action != "add" && action != "del" && action != "delete" || len(args) == 0 || opts.has('s') || opts.has('u') || opts.has('d') {
		return p.unsupported("rc-update", "does add and del only, not %q", action)
	}
	service, levels := args[0], args[1:]
	if len(levels) == 0 {
		levels = []string{"sysinit"}
	}
	if action != "add" && opts.has('a') {
		if levels, err = p.runlevels(); err != nil {
			return err
		}
	}
	for _, level := range levels {
		if action == "add" {
			err = p.addService(service, level)
		} else {
			err = p.removeService(service, level)
		}
		if err != nil {
			return err
		}
	}
	return p.done()
}

func (p *process) runlevels() ([]string, error) {
	entries, err := p.tree.ReadDir("/etc/runlevels")
	if err != nil {
		return nil, p.failErr(err, "/etc/runlevels")
	}
	var names []string
	for _, e := range entries {
		if e.Kind == tree.Dir {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (p *process) addService(service, level string) error {
	script := "/etc/init.d/" + service
	if _, err := p.tree.Stat(script); err != nil {
		return p.fail("service `%s' does not exist", service)
	}
	if dir, err := p.tree.Stat("/etc/runlevels/" + level); err != nil || dir.Kind != tree.Dir {
		return p.warn("runlevel `%s' does not exist", level)
	}
	link := "/etc/runlevels/" + level + "/" + service
	if _, err := p.tree.Lstat(link); err == nil {
		return nil // already installed there
	}
	if _, err := p.tree.Symlink(script, link); err != nil {
		return p.warnErr(err, "failed to add service `%s' to runlevel `%s'", service, level)
	}
	return nil
}

func (p *process) removeService(service, level string) error {
	link := "/etc/runlevels/" + level + "/" + service
	if _, err := p.tree.Lstat(link); err != nil {
		return p.warn("service `%s' is not in the runlevel `%s'", service, level)
	}
	if err := p.tree.Remove(link); err != nil {
		return p.warnErr(err, "failed to remove service `%s' from runlevel `%s'", service, level)
	}
	return nil
}
