package lock

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/apk"
)

func (d *decoder) inputs(n *node) (in Inputs) {
	f := d.fields(n, "inputs", "repositories", "keys", "packages")
	d.each(f["repositories"], "inputs.repositories", func(n *node, path string) {
		if locate(n.text) == "" || slices.Contains(in.Repositories, n.text) {
			d.refuse(n, path, "cannot be %q: a repository is there once, with its location", n.text)
		}
		in.Repositories = append(in.Repositories, n.text)
	})
	for _, m := range d.entries(f["keys"], "inputs.keys") {
		in.Keys = append(in.Keys, Key{m.key, d.digest(m.value, join("inputs.keys", m.key))})
	}
	seen := map[string]bool{}
	d.each(f["packages"], "inputs.packages", func(n *node, path string) {
		p, err := apk.ParseDependency(n.text)
		switch {
		case err != nil:
			d.refuse(n, path, "%v", err)
		case seen[p.Name]:
			d.refuse(n, path, "%s is there twice", p.Name)
		}
		seen[p.Name] = true
		in.Packages = append(in.Packages, p)
	})
	in.Packages = World(in.Packages)
	return in
}

// locate returns the location of "[@tag ]LOCATION".
func locate(repository string) string {
	if strings.HasPrefix(repository, "@") {
		_, repository, _ = strings.Cut(repository, " ")
	}
	return repository
}

// tags returns the tags of the repositories.
func (in *Inputs) tags() (list []string) {
	for _, r := range in.Repositories {
		if rest, ok := strings.CutPrefix(r, "@"); ok {
			tag, _, _ := strings.Cut(rest, " ")
			list = append(list, tag)
		}
	}
	return list
}

// locations returns where the repositories are, each once.
func (in *Inputs) locations() (list []string) {
	for _, r := range in.Repositories {
		if l := locate(r); !slices.Contains(list, l) {
			list = append(list, l)
		}
	}
	return list
}

func (d *decoder) platform(m member, in *Inputs) Platform {
	path := join("platforms", m.key)
	p := Platform{Name: m.key}
	known, err := apk.ParsePlatform(m.key)
	if err != nil || known.String() != m.key {
		d.fault(m.offset, "%s: no such platform", path)
	}
	f := d.fields(m.value, path, "arch", "indexes", "packages", "install")
	p.Arch = d.string(f["arch"], path+".arch")
	if arch, archErr := known.Arch(); err == nil && archErr == nil && p.Arch != arch && f["arch"] != nil {
		d.refuse(f["arch"], path+".arch", "must be %q", arch)
	}
	d.indexes(&p, f["indexes"], path+".indexes", in)
	packages := map[string]Package{}
	for _, m := range d.entries(f["packages"], path+".packages") {
		packages[m.key] = d.pkg(m, join(path+".packages", m.key), in)
	}
	d.each(f["install"], path+".install", func(n *node, path string) {
		k, ok := packages[n.text]
		if !ok {
			d.refuse(n, path, "%q is not among the packages, or there twice", n.text)
		}
		delete(packages, n.text)
		p.Packages = append(p.Packages, k)
	})
	if len(packages) > 0 && f["install"] != nil {
		d.refuse(f["install"], path+".install", "%d of the packages are missing", len(packages))
	}
	return p
}

// indexes reads the digests of indexes. Where nothing is to be installed none
// is read.
func (d *decoder) indexes(p *Platform, n *node, path string, in *Inputs) {
	locations := in.locations()
	for _, m := range d.entries(n, path) {
		if !slices.Contains(locations, m.key) {
			d.fault(m.offset, "%s is none of inputs.repositories", join(path, m.key))
		}
		p.Indexes = append(p.Indexes, Index{m.key, d.digest(m.value, join(path, m.key))})
	}
	if n != nil && len(p.Indexes) != len(locations) && len(in.Packages) > 0 {
		d.refuse(n, path, "must have each of inputs.repositories")
	}
}

func (d *decoder) pkg(m member, path string, in *Inputs) Package {
	f := d.fields(m.value, path, "version", "arch", "repository", "tag?", "size", "checksum", "dataHash", "sha256")
	p := Package{
		Name:       m.key,
		Version:    d.string(f["version"], path+".version"),
		Arch:       d.string(f["arch"], path+".arch"),
		Repository: d.string(f["repository"], path+".repository"),
		Tag:        d.string(f["tag"], path+".tag"),
		DataHash:   d.digest(f["dataHash"], path+".dataHash"),
		SHA256:     d.digest(f["sha256"], path+".sha256"),
		Size:       d.size(f["size"], path+".size"),
	}
	if s := f["checksum"]; d.is(s, path+".checksum", text) {
		var err error
		if p.Checksum, err = apk.ParseChecksum(s.text); err != nil {
			d.refuse(s, path+".checksum", "%v", err)
		}
	}
	if p.Version != "" && !p.Checksum.IsZero() {
		if err := p.Entry().Check(); err != nil {
			d.fault(m.offset, "%s: %v", path, err)
		}
	}
	if r := f["repository"]; r != nil && r.kind == text && !slices.Contains(in.locations(), p.Repository) {
		d.refuse(r, path+".repository", "%q is none of inputs.repositories", p.Repository)
	}
	if t := f["tag"]; t != nil && t.kind == text && !slices.Contains(in.tags(), p.Tag) {
		d.refuse(t, path+".tag", "no repository is tagged @%s", p.Tag)
	}
	return p
}

func (d *decoder) string(n *node, path string) string {
	if !d.is(n, path, text) {
		return ""
	}
	return n.text
}

// each calls do for the items of a list of strings, with the path of each.
func (d *decoder) each(n *node, path string, do func(item *node, path string)) {
	if !d.is(n, path, array) {
		return
	}
	for i, item := range n.items {
		if at := fmt.Sprintf("%s[%d]", path, i); d.is(item, at, text) {
			do(item, at)
		}
	}
}

// size reads the length of a file in bytes.
func (d *decoder) size(n *node, path string) int64 {
	if !d.is(n, path, number) {
		return 0
	}
	size, err := strconv.ParseInt(n.text, 10, 64)
	if err != nil || size < 1 {
		d.refuse(n, path, "must be a number of bytes")
	}
	return size
}

// digest reads a SHA-256 in lower-case hexadecimal.
func (d *decoder) digest(n *node, path string) (sum [sha256.Size]byte) {
	if !d.is(n, path, text) {
		return sum
	}
	b, err := hex.DecodeString(n.text)
	if err != nil || len(b) != len(sum) || strings.ToLower(n.text) != n.text {
		d.refuse(n, path, "must be a SHA-256, 64 hexadecimal digits in lower case")
		return sum
	}
	copy(sum[:], b)
	return sum
}
