package compare

import (
	"archive/tar"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// differences says how the layer c differs from the rebuilt one.
func (c *contents) differences(ctx context.Context, rebuilt *contents) ([]string, error) {
	differing := c.differing(rebuilt)
	texts := map[string]bool{}
	for _, name := range differing {
		if len(texts) < Limit && changed(c.entries[name], rebuilt.entries[name]) || slices.Contains(databases(), name) {
			texts[name] = true
		}
	}
	var one, two map[string][]byte
	if len(texts) > 0 {
		var err error
		if one, err = c.excerpts(ctx, texts); err != nil {
			return nil, err
		}
		if two, err = rebuilt.excerpts(ctx, texts); err != nil {
			return nil, err
		}
	}
	var lines []string
	for _, db := range databases() {
		lines = append(lines, packages(one[db], two[db])...)
	}
	for i, name := range differing {
		if i == Limit {
			lines = append(lines, fmt.Sprintf("and %d more entries of the layer", len(differing)-Limit))
			break
		}
		lines = append(lines, "/"+printable(name)+": "+describe(c.entries[name], rebuilt.entries[name], one[name], two[name]))
	}
	if len(lines) == 0 {
		lines = append(lines, c.sequence(rebuilt))
	}
	return lines, nil
}

// differing returns the paths at which the layers differ, sorted.
func (c *contents) differing(rebuilt *contents) []string {
	var names []string
	for name, e := range c.entries {
		if other := rebuilt.entries[name]; other == nil || describe(e, other, nil, nil) != "" {
			names = append(names, name)
		}
	}
	for name := range rebuilt.entries {
		if c.entries[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// changed reports whether both are files of different content.
func changed(a, b *entry) bool {
	return a != nil && b != nil && a.header.Typeflag == tar.TypeReg && b.header.Typeflag == tar.TypeReg && a.sum != b.sum
}

// describe says how an entry differs, empty if it does not. one and two are the
// beginnings of the contents, where they are known.
func describe(a, b *entry, one, two []byte) string {
	switch {
	case a == nil:
		return "image has none, rebuilt " + article(b.header.Typeflag)
	case b == nil:
		return "image has " + article(a.header.Typeflag) + ", rebuilt has none"
	case a.header.Typeflag != b.header.Typeflag:
		return "image has " + article(a.header.Typeflag) + ", rebuilt " + article(b.header.Typeflag)
	}
	var list []string
	say := func(what, x, y string) {
		if x != y {
			list = append(list, what+": image "+x+", rebuilt "+y)
		}
	}
	x, y := &a.header, &b.header
	say("mode", fmt.Sprintf("%04o", x.Mode), fmt.Sprintf("%04o", y.Mode))
	say("owner", fmt.Sprintf("%d:%d", x.Uid, x.Gid), fmt.Sprintf("%d:%d", y.Uid, y.Gid))
	say("owner's names", fmt.Sprintf("%q:%q", x.Uname, x.Gname), fmt.Sprintf("%q:%q", y.Uname, y.Gname))
	say("size", fmt.Sprint(x.Size, " bytes"), fmt.Sprint(y.Size, " bytes"))
	if a.sum != b.sum {
		list = append(list, content(one, two))
	}
	say("target", fmt.Sprintf("%q", x.Linkname), fmt.Sprintf("%q", y.Linkname))
	say("device", fmt.Sprintf("%d:%d", x.Devmajor, x.Devminor), fmt.Sprintf("%d:%d", y.Devmajor, y.Devminor))
	say("extended attributes", attributes(a), attributes(b))
	say("modified", date(x.ModTime), date(y.ModTime))
	return strings.Join(list, "; ")
}

func attributes(e *entry) string {
	m := e.xattrs()
	var list []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, fmt.Sprintf("%s=%q", strings.TrimPrefix(name, paxXattr), m[name]))
	}
	if len(list) == 0 {
		return "none"
	}
	return shorten(strings.Join(list, " "))
}

func date(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// article returns what kind of entry there is.
func article(kind byte) string {
	switch kind {
	case tar.TypeReg:
		return "a file"
	case tar.TypeLink:
		return "a hard link"
	case tar.TypeSymlink:
		return "a symbolic link"
	case tar.TypeDir:
		return "a directory"
	case tar.TypeChar, tar.TypeBlock:
		return "a device"
	case tar.TypeFifo:
		return "a pipe"
	}
	return fmt.Sprintf("an entry of the type %q", kind)
}

// sequence says how layers differ whose entries are the same.
func (c *contents) sequence(rebuilt *contents) string {
	for i, name := range c.order {
		switch {
		case i == len(rebuilt.order):
			return "layer: image has /" + printable(name) + " more than once"
		case rebuilt.order[i] != name:
			return fmt.Sprintf("layer: the same entries in another order: number %d is /%s in the image, /%s rebuilt", i+1, printable(name), printable(rebuilt.order[i]))
		}
	}
	return "layer: the same entries in the same order, with headers in another form"
}
