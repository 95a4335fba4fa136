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

const (
	certsConf  = "/etc/ca-certificates.conf"
	certsDir   = "/usr/share/ca-certificates/"
	localDir   = "/usr/local/share/ca-certificates/"
	etcDir     = "/etc/ssl/certs/"
	certBundle = "ca-certificates.crt"
	updateDir  = "/etc/ca-certificates/update.d/"
)

// updateCACertificates is Alpine's update-ca-certificates: the bundle, links
// to each certificate, and what /etc/ca-certificates/update.d runs, where the
// hash links are made. Folders are read in bytewise order.
func updateCACertificates(p *process) error {
	if n, err := p.tree.Stat(etcDir); err != nil || n.Kind != tree.Dir {
		return p.fail("cannot open temporary file in %s for ca bundle", etcDir)
	}
	sources, err := p.certificateSources()
	if err != nil {
		return err
	}
	var bundle []byte
	links := map[string]string{}
	var names []string
	for _, source := range sources {
		data, err := p.readAll(source)
		if err != nil {
			if err := p.warnErr(err, "cannot copy to bundle: %s", source); err != nil {
				return err
			}
		}
		bundle = append(append(bundle, data...), '\n')
		link := certificateLink(source)
		if _, ok := links[link]; !ok {
			names = append(names, link)
		}
		links[link] = source
	}
	if err := p.linkCertificates(names, links); err != nil {
		return err
	}
	n := &tree.Node{Kind: tree.File, Mode: 0o644, Content: tree.Bytes(bundle)}
	if err := p.tree.Replace(etcDir+certBundle, n); err != nil {
		return p.failErr(err, "%s", etcDir+certBundle)
	}
	for _, runner := range []string{"/usr/bin/run-parts", "/bin/run-parts"} {
		if p.executable(runner) {
			return p.start([]string{runner, updateDir})
		}
	}
	return p.fail("run-parts: No such file or directory")
}

// certificateSources returns the files that make the bundle, in order.
func (p *process) certificateSources() ([]string, error) {
	var sources []string
	conf, err := p.readAll(certsConf)
	if err := fatalOnly(err); err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(conf)) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "!") {
			sources = append(sources, certsDir+line)
		}
	}
	entries, err := p.tree.ReadDir(localDir)
	if err := fatalOnly(err); err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name, ".") {
			sources = append(sources, localDir+e.Name)
		}
	}
	return sources, nil
}

// certificateLink is the name of a certificate's link in /etc/ssl/certs.
func certificateLink(source string) string {
	name := "ca-cert-" + strings.TrimSuffix(path.Base(source), ".crt") + ".pem"
	return strings.NewReplacer(",", "_", " ", "_", "(", "=", ")", "=").Replace(name)
}

// linkCertificates brings the links in /etc/ssl/certs up to date: wrong ones
// are set right, those into the certificates' folders that nothing asks for go.
func (p *process) linkCertificates(names []string, links map[string]string) error {
	entries, err := p.tree.ReadDir(etcDir)
	if err != nil {
		return p.failErr(err, "%s", etcDir)
	}
	for _, e := range entries {
		if e.Kind != tree.Symlink || strings.HasPrefix(e.Name, ".") {
			continue
		}
		_, wanted := links[e.Name]
		ours := strings.HasPrefix(e.Target, certsDir) || strings.HasPrefix(e.Target, localDir)
		if wanted || ours {
			if err := p.tree.Remove(etcDir + e.Name); err != nil {
				return p.failErr(err, "%s", etcDir+e.Name)
			}
		}
	}
	for _, name := range names {
		if _, err := p.tree.Symlink(links[name], etcDir+name); err != nil {
			if err := p.warnErr(err, "cannot symlink %s", name); err != nil {
				return err
			}
		}
	}
	return nil
}

// runParts is run-parts DIR: runs its executable files in order of their
// names, which must be of letters, digits, "_" and "-".
func runParts(p *process) error {
	opts, operands, err := p.options("a:u:", "arg=a", "umask=u")
	if err != nil {
		return err
	}
	if len(operands) != 1 || opts.has('u') {
		return p.unsupported("run-parts", "takes one folder here")
	}
	entries, err := p.tree.ReadDir(p.abs(operands[0]))
	if err != nil {
		return p.failErr(err, "%s", operands[0])
	}
	for _, e := range entries {
		file := join(p.abs(operands[0]), e.Name)
		if strings.ContainsFunc(e.Name, func(r rune) bool { return r > 127 || !isWord(byte(r)) && r != '-' }) || !p.executable(file) {
			continue
		}
		err := p.start(append([]string{file}, opts.values['a']...))
		if fatal := fatalOnly(err); fatal != nil {
			return fatal
		}
		p.failed = p.failed || err != nil
	}
	return p.done()
}

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
