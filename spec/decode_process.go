package spec

import (
	"strconv"
	"strings"
)

// env returns the environment n and checks its names.
func (d *decoder) env(n *node) []Pair {
	list := d.pairs(n)
	for _, p := range list {
		e := n.field(p.Name)
		if strings.ContainsFunc(p.Name, func(r rune) bool { return r == '=' || r <= ' ' || r == 0x7f }) {
			d.add(e.key, "%s: the name of a variable cannot hold \"=\", spaces and control characters", e.path)
		}
		if strings.ContainsRune(p.Value, 0) {
			d.refuse(e, "cannot hold a NUL character")
		}
	}
	return list
}

// arguments returns the command line n, whose elements may be empty except
// for the first.
func (d *decoder) arguments(n *node) []String {
	if n == nil {
		return nil
	}
	list := make([]String, 0, len(n.list))
	for _, e := range n.list {
		s := d.text(e)
		if strings.ContainsRune(s.Value, 0) {
			d.refuse(e, "cannot hold a NUL character")
		}
		list = append(list, s)
	}
	return list
}

// entrypoint fills in the entrypoint: that of the spec, else the program that
// it compiles or copies.
func (d *decoder) entrypoint(img *Image, n *node) {
	switch {
	case n != nil:
		img.Entrypoint = d.arguments(n)
		if len(n.list) > 0 && n.list[0].ok() && n.list[0].text == "" {
			d.refuse(n.list[0], "the program cannot be empty")
		}
	case img.Go != nil:
		img.Entrypoint = []String{img.Go.Path}
	case img.Binary != nil:
		img.Entrypoint = []String{img.Binary.Path}
	}
}

// ports returns the ports n, each with its protocol.
func (d *decoder) ports(n *node) []String {
	if n == nil {
		return nil
	}
	var list []String
	first := map[string]Pos{}
	for _, e := range n.list {
		if !e.ok() {
			continue
		}
		number, protocol, ok := strings.Cut(e.text, "/")
		if !ok {
			protocol = "tcp"
		}
		port, err := strconv.ParseUint(number, 10, 16)
		if err != nil || port == 0 {
			d.refuse(e, "cannot use %q: must be a port from 1 to 65535", e.text)
			continue
		}
		s := String{Value: strconv.FormatUint(port, 10) + "/" + protocol, Pos: e.pos}
		if pos, ok := first[s.Value]; ok {
			d.refuse(e, "%q is given twice, first at %s", s.Value, pos)
			continue
		}
		first[s.Value] = s.Pos
		list = append(list, s)
	}
	return list
}

// volumes returns the paths n.
func (d *decoder) volumes(n *node) []String {
	list := d.unique(n)
	for i, s := range list {
		if s.Value == "" {
			continue
		}
		if fault := pathFault(s.Value, false); fault != "" {
			d.refuse(n.list[i], "cannot use %q: %s", s.Value, fault)
		}
	}
	return list
}

// healthcheck returns the check n in Docker's form.
func (d *decoder) healthcheck(n *node) *Healthcheck {
	if n == nil {
		return nil
	}
	h := &Healthcheck{
		Pos:           n.key,
		Interval:      d.duration(n.field("interval")),
		Timeout:       d.duration(n.field("timeout")),
		StartPeriod:   d.duration(n.field("startPeriod")),
		StartInterval: d.duration(n.field("startInterval")),
	}
	if retries := n.field("retries"); retries.ok() {
		h.Retries, _ = strconv.Atoi(retries.text) // within the schema's bounds
	}
	cmd, test := n.field("cmd"), n.field("test")
	switch {
	case cmd != nil && test != nil:
		d.refuse(test, "cannot be given beside cmd")
	case cmd != nil:
		h.Test = append([]String{{Value: "CMD", Pos: cmd.pos}}, d.arguments(cmd)...)
		d.notEmpty(cmd)
	case test != nil:
		h.Test = d.arguments(test)
		d.dockerTest(test)
	case !n.bad && !n.strange:
		d.add(n.key, "%s: one of cmd and test must say what to run", n.path)
	}
	return h
}

// dockerTest checks the form of a healthcheck's test.
func (d *decoder) dockerTest(n *node) {
	if !d.notEmpty(n) || !n.list[0].ok() {
		return
	}
	form, args := n.list[0].text, len(n.list)-1
	switch {
	case form == "NONE" && args > 0:
		d.refuse(n, "\"NONE\" stands alone")
	case form == "CMD" && args == 0:
		d.refuse(n, "\"CMD\" needs a program")
	case form == "CMD-SHELL" && args != 1:
		d.refuse(n, "\"CMD-SHELL\" needs one line for the shell")
	case form != "NONE" && form != "CMD" && form != "CMD-SHELL":
		d.refuse(n.list[0], "cannot use %q: must be \"CMD\", \"CMD-SHELL\" or \"NONE\"; a plain command is written as cmd", form)
	}
}

// notEmpty refuses an empty list.
func (d *decoder) notEmpty(n *node) bool {
	if n.ok() && len(n.list) == 0 {
		d.refuse(n, "cannot be empty")
	}
	return n.ok() && len(n.list) > 0
}
