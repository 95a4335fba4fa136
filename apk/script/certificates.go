package script

import (
	"path"
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
