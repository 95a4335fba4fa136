package script_test

import (
	"os"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/assemble/tree"
)

// certRoot has three certificates of testdata/certs. Their hashes are those of
// openssl x509 -hash: 521db56d for two whose subjects are the same but for
// case and blanks, de09b85e for one of two attributes in one set.
func certRoot(t *testing.T) *tree.Tree {
	t.Helper()
	root := newRoot(t)
	for _, name := range []string{"mixed", "folded", "two"} {
		pem, err := os.ReadFile("testdata/certs/" + name + ".pem")
		if err != nil {
			t.Fatal(err)
		}
		write(t, root, "usr/share/ca-certificates/m/"+name+".crt", string(pem), 0o644)
	}
	mkdir(t, root, "etc/ssl/certs")
	write(t, root, "etc/ca-certificates.conf", "# made\n!m/gone.crt\nm/two.crt\nm/mixed.crt\n", 0o644)
	write(t, root, "etc/ca-certificates/update.d/certhash", "#!/bin/sh\nexec /usr/bin/c_rehash /etc/ssl/certs\n", 0o755)
	write(t, root, "usr/sbin/update-ca-certificates", "\x7fELF\x00", 0o755)
	write(t, root, "usr/bin/c_rehash", "\x7fELF\x00", 0o755)
	return root
}

func TestUpdateCACertificates(t *testing.T) {
	root := certRoot(t)
	pem := func(name string) string { return read(t, root, "usr/share/ca-certificates/m/"+name+".crt") }
	write(t, root, "usr/local/share/ca-certificates/my (own), cert.crt", pem("folded"), 0o644)
	write(t, root, "etc/ssl/certs/notes.pem", "no certificate\n", 0o644)
	must(t, root, "ln -s /usr/share/ca-certificates/m/gone.crt /etc/ssl/certs/ca-cert-gone.pem; "+
		"ln -s /elsewhere /etc/ssl/certs/kept.pem; ln -s /wrong /etc/ssl/certs/ca-cert-two.pem; "+
		"ln -s ca-cert-gone.pem /etc/ssl/certs/00000000.0; update-ca-certificates")
	want := `00000000.0 -> ca-cert-gone.pem gone
521db56d.0 -> ca-cert-mixed.pem
521db56d.1 -> ca-cert-my_=own=__cert.pem
ca-cert-mixed.pem -> /usr/share/ca-certificates/m/mixed.crt
ca-cert-my_=own=__cert.pem -> /usr/local/share/ca-certificates/my (own), cert.crt
ca-cert-two.pem -> /usr/share/ca-certificates/m/two.crt
ca-certificates.crt
de09b85e.0 -> ca-cert-two.pem
kept.pem -> /elsewhere
notes.pem
`
	want = strings.Replace(want, "00000000.0 -> ca-cert-gone.pem gone\n", "", 1)
	if got := listDir(t, root, "etc/ssl/certs"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := read(t, root, "etc/ssl/certs/ca-certificates.crt"), pem("two")+"\n"+pem("mixed")+"\n"+pem("folded")+"\n"; got != want {
		t.Errorf("bundle:\n%s\nwant\n%s", got, want)
	}
	before := dump(t, root)
	must(t, root, "update-ca-certificates")
	if after := dump(t, root); after != before {
		t.Errorf("a second run changed the tree:\n%s\n%s", before, after)
	}
}

// listDir shows a folder's names and links.
func listDir(t testing.TB, root *tree.Tree, dir string) string {
	t.Helper()
	entries, err := root.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(e.Name)
		if e.Kind == tree.Symlink {
			b.WriteString(" -> " + e.Target)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestRehashSkips(t *testing.T) {
	root := certRoot(t)
	pem := read(t, root, "usr/share/ca-certificates/m/two.crt")
	write(t, root, "c/a.pem", pem, 0o644)
	write(t, root, "c/b.pem", pem, 0o644) // the same certificate
	write(t, root, "c/both.pem", pem+pem, 0o644)
	write(t, root, "c/broken.pem", strings.Replace(pem, "MIIB", "MIIA", 1), 0o644)
	write(t, root, "c/other.txt", pem, 0o644)
	must(t, root, "c_rehash /c")
	if got, want := listDir(t, root, "c"), "a.pem\nb.pem\nboth.pem\nbroken.pem\nde09b85e.0 -> a.pem\nother.txt\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
