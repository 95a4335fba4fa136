package spec

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/mkimage/mkimage/apk"
)

// decoder makes an Image of the nodes of a spec and applies the rules that
// the schema leaves to it.
type decoder struct {
	*faults
}

// refuse records what is wrong with n.
func (d *decoder) refuse(n *node, format string, args ...any) {
	d.add(n.pos, "%s", prefix(n.path, fmt.Sprintf(format, args...)))
}

// image returns the image that root declares. Platforms, if any, take the
// place of the spec's.
func (d *decoder) image(root *node, platforms []string) *Image {
	img := &Image{
		Name:      d.name(root.field("name")),
		Tags:      d.unique(root.field("tags")),
		Platforms: d.platforms(root.field("platforms"), platforms),
		Go:        d.goProgram(root.field("go")),
		Binary:    d.binary(root.field("binary")),
		APK:       d.apk(root.field("apk")),
		Cmd:       d.arguments(root.field("cmd")),
		Workdir:   d.imagePath(root.field("workdir")),
		Ports:     d.ports(root.field("ports")),
		Volumes:   d.volumes(root.field("volumes")),
		Env:       d.env(root.field("env")),
		Labels:    d.pairs(root.field("labels")),

		Annotations: d.pairs(root.field("annotations")),
		StopSignal:  d.text(root.field("stopSignal")),
		Healthcheck: d.healthcheck(root.field("healthcheck")),
	}
	d.accounts(img, root)
	d.files(img, root)
	d.entrypoint(img, root.field("entrypoint"))
	return img
}

// text returns the string n, empty when it is absent or bad.
func (d *decoder) text(n *node) String {
	if !n.ok() {
		return String{}
	}
	return String{Value: n.text, Pos: n.pos}
}

// filled returns the string n and refuses an empty one and one that a
// process cannot be given.
func (d *decoder) filled(n *node) String {
	s := d.text(n)
	if n.ok() && s.Value == "" {
		d.refuse(n, "cannot be empty")
	} else if strings.ContainsRune(s.Value, 0) {
		d.refuse(n, "cannot hold a NUL character")
	}
	return s
}

// texts returns the strings of the list n.
func (d *decoder) texts(n *node) []String {
	if n == nil {
		return nil
	}
	list := make([]String, 0, len(n.list))
	for _, e := range n.list {
		list = append(list, d.filled(e))
	}
	return list
}

// unique returns the strings of the list n and refuses one that is there
// twice.
func (d *decoder) unique(n *node) []String {
	list := d.texts(n)
	first := map[string]Pos{}
	for i, s := range list {
		if pos, ok := first[s.Value]; ok && n.list[i].ok() {
			d.refuse(n.list[i], "%q is given twice, first at %s", s.Value, pos)
		}
		if _, ok := first[s.Value]; !ok {
			first[s.Value] = s.Pos
		}
	}
	return list
}

// pairs returns the strings of the struct n by their names.
func (d *decoder) pairs(n *node) []Pair {
	var list []Pair
	for _, name := range n.names() {
		v := n.field(name)
		if name == "" {
			d.add(v.key, "%s: the name cannot be empty", v.path)
		}
		s := d.text(v)
		list = append(list, Pair{Name: name, Value: s.Value, Pos: v.pos})
	}
	return list
}

// name checks the repository name.
func (d *decoder) name(n *node) String {
	s := d.filled(n)
	if !n.ok() || s.Value == "" {
		return s
	}
	repository, err := name.NewRepository(s.Value)
	switch base, tag, tagged := strings.Cut(s.Value[strings.LastIndex(s.Value, "/")+1:], ":"); {
	case strings.Contains(s.Value, "@"):
		d.refuse(n, "cannot use %q: a name has no digest", s.Value)
	case tagged && base != "":
		d.refuse(n, "cannot use %q: the tag %q belongs in tags", s.Value, tag)
	case strings.Contains(s.Value, "://"):
		d.refuse(n, "cannot use %q: write the name without %s", s.Value, s.Value[:strings.Index(s.Value, "://")+3])
	case err != nil && strings.ToLower(s.Value) != s.Value:
		d.refuse(n, "cannot use %q: a repository is written in lower case, such as %q", s.Value, strings.ToLower(s.Value))
	case err != nil || repository.RepositoryStr() == "":
		d.refuse(n, "cannot use %q: must be a repository, such as \"ghcr.io/acme/web\"", s.Value)
	}
	return s
}

// platforms returns the platforms of a flag, else those of n, else this
// machine's.
func (d *decoder) platforms(n *node, flag []string) []Platform {
	list := d.specPlatforms(n)
	if len(flag) > 0 {
		list = nil
		for _, s := range flag {
			p, err := apk.ParsePlatform(s)
			if err != nil {
				d.add(Pos{}, "%s", err)
			} else if slices.Contains(list, Platform{Platform: p}) {
				d.add(Pos{}, "cannot build for %s twice", p)
			}
			list = append(list, Platform{Platform: p})
		}
	}
	if n == nil && len(flag) == 0 {
		s := "linux/" + runtime.GOARCH
		p, err := apk.ParsePlatform(s)
		if err != nil {
			d.add(Pos{}, "platforms: cannot build for %s, this machine's own platform: name others", s)
		}
		list = []Platform{{Platform: p}}
	}
	return list
}

func (d *decoder) specPlatforms(n *node) []Platform {
	if n == nil {
		return nil
	}
	if n.ok() && len(n.list) == 0 {
		d.refuse(n, "cannot be empty")
	}
	var list []Platform
	first := map[apk.Platform]Pos{}
	for _, e := range n.list {
		if !e.ok() {
			continue
		}
		p, err := apk.ParsePlatform(e.text)
		if err != nil {
			d.refuse(e, "%s", err)
			continue
		}
		if pos, ok := first[p]; ok {
			d.refuse(e, "%s is given twice, first at %s", p, pos)
			continue
		}
		first[p] = e.pos
		list = append(list, Platform{Platform: p, Pos: e.pos})
	}
	return list
}

// file returns the file or folder of the machine that n names.
func (d *decoder) file(n *node) Path {
	s := d.filled(n)
	if s.Value == "" {
		return Path{Pos: s.Pos}
	}
	return Path{Written: s.Value, Abs: absolute(filepath.Dir(n.file), s.Value), Pos: s.Pos}
}

// imagePath checks the absolute path in the image that n gives.
func (d *decoder) imagePath(n *node) String {
	s := d.filled(n)
	if s.Value != "" {
		if fault := pathFault(s.Value, true); fault != "" {
			d.refuse(n, "cannot use %q: %s", s.Value, fault)
		}
	}
	return s
}

// duration returns the time n, zero when it is absent.
func (d *decoder) duration(n *node) time.Duration {
	if !n.ok() {
		return 0
	}
	t, err := time.ParseDuration(n.text)
	// Docker takes no times below a millisecond except zero.
	if err != nil || t != 0 && t < time.Millisecond {
		d.refuse(n, "cannot use %q: must be at least 1ms and less than 292 years", n.text)
	}
	return t
}

// id returns the user or group id n.
func (d *decoder) id(n *node) uint32 {
	if !n.ok() {
		return 0
	}
	id, err := strconv.ParseUint(n.text, 10, 32)
	if err != nil {
		d.refuse(n, "internal error: %v", err)
	}
	return uint32(id)
}
