package script

import (
	"crypto/sha1"
	"encoding/pem"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/mkimage/mkimage/assemble/tree"
)

// hashLink is one certificate for which c_rehash wants a link.
type hashLink struct {
	file   string
	digest [sha1.Size]byte
	old    int // the number of a link that is there, -1 if none
	needed bool
}

// cRehash is ca-certificates' c_rehash: for each certificate in a folder a
// link HASH.N named by the hash of its subject, as OpenSSL looks it up.
func cRehash(p *process) error {
	dirs := p.args[1:]
	if len(dirs) == 0 {
		dirs = []string{strings.TrimSuffix(etcDir, "/")}
	}
	for _, dir := range dirs {
		if strings.HasPrefix(dir, "-") {
			return p.unsupported("c_rehash", "has no option as %s that mkimage knows", dir)
		}
		if err := p.rehash(p.abs(dir)); err != nil {
			return err
		}
	}
	if p.failed {
		return status(2)
	}
	return nil
}

func (p *process) rehash(dir string) error {
	entries, err := p.tree.ReadDir(dir)
	if err != nil {
		return p.warn("Access denied '%s'", dir)
	}
	buckets := map[uint32][]*hashLink{}
	var order []uint32
	bucket := func(hash uint32) []*hashLink {
		if _, ok := buckets[hash]; !ok {
			order = append(order, hash)
		}
		return buckets[hash]
	}
	for _, e := range entries {
		if hash, number, ok := parseHashLink(e.Name); ok && e.Kind == tree.Symlink {
			links := bucket(hash)
			if l := linkOf(links, e.Target); l != nil && (l.old < 0 || number < l.old) {
				l.old = number
			} else if l == nil {
				buckets[hash] = append(links, &hashLink{file: e.Target, old: number})
			}
			continue
		}
		der, err := p.certificate(join(dir, e.Name))
		if err != nil {
			return err
		}
		hash, ok := subjectHash(der)
		if !ok {
			continue
		}
		digest := sha1.Sum(der)
		links := bucket(hash)
		if slices.ContainsFunc(links, func(l *hashLink) bool { return l.needed && l.digest == digest }) {
			continue // a duplicate
		}
		l := linkOf(links, e.Name)
		if l == nil {
			l = &hashLink{file: e.Name, old: -1}
			buckets[hash] = append(links, l)
		}
		l.needed, l.digest = true, digest
	}
	for _, hash := range order {
		if err := p.writeHashLinks(dir, hash, buckets[hash]); err != nil {
			return err
		}
	}
	return nil
}

func linkOf(links []*hashLink, file string) *hashLink {
	for _, l := range links {
		if l.file == file {
			return l
		}
	}
	return nil
}

// parseHashLink splits HASH.N.
func parseHashLink(name string) (hash uint32, number int, ok bool) {
	if len(name) < 10 || name[8] != '.' {
		return 0, 0, false
	}
	h, errHash := strconv.ParseUint(name[:8], 16, 32)
	n, errNumber := strconv.ParseUint(name[9:], 10, 16)
	return uint32(h), int(n), errHash == nil && errNumber == nil
}

// writeHashLinks numbers the certificates that share a hash. Links that are
// there keep their number as long as it is below the count of those needed.
func (p *process) writeHashLinks(dir string, hash uint32, links []*hashLink) error {
	needed := 0
	for _, l := range links {
		if l.needed {
			needed++
		}
	}
	used := map[int]bool{}
	for _, l := range links {
		if l.old >= 0 && l.old < needed {
			used[l.old] = true
		}
	}
	next := 0
	for _, l := range links {
		name := func(n int) string { return join(dir, fmt.Sprintf("%08x.%d", hash, n)) }
		switch {
		case l.old >= 0 && l.old < needed:
			continue
		case l.needed:
			for used[next] {
				next++
			}
			used[next] = true
			p.replaceLink(l.file, name(next))
		default:
			if err := fatalOnly(p.tree.Remove(name(l.old))); err != nil {
				return err
			}
		}
	}
	return nil
}

// certificate returns the DER bytes of a PEM file that holds one certificate
// and nothing else; empty if it is no such file.
func (p *process) certificate(file string) ([]byte, error) {
	switch strings.ToLower(path.Ext(file)) {
	case ".pem", ".crt", ".cer", ".crl":
	default:
		return nil, nil
	}
	n, err := p.tree.Stat(file)
	if err != nil || n.Kind != tree.File {
		return nil, fatalOnly(err)
	}
	data, err := p.content(n)
	if err != nil {
		return nil, err
	}
	var der []byte
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE":
		case "X509 CRL", "TRUSTED CERTIFICATE":
			return nil, p.unsupported("c_rehash", "hashes no %s as in %s", block.Type, file)
		default:
			continue
		}
		if der != nil {
			return nil, nil // not exactly one
		}
		der = block.Bytes
	}
	return der, nil
}
