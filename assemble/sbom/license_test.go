package sbom

import (
	"strings"
	"testing"
)

func TestLicense(t *testing.T) {
	for _, c := range []struct {
		declared, want string
		ok             bool
	}{
		{"MIT", "MIT", true},
		{"mit", "MIT", true},
		{"", "", true},
		{"GPL-2.0+", "GPL-2.0+", true},
		{"Apache-1.1+", "Apache-1.1+", true},
		{"( Apache-2.0 OR MIT ) AND BSD-2-Clause", "(Apache-2.0 OR MIT) AND BSD-2-Clause", true},
		{"(A OR MIT)", "(LicenseRef-A OR MIT)", true},
		{"Artistic-1.0-Perl or GPL-1.0-or-later", "Artistic-1.0-Perl OR GPL-1.0-or-later", true},
		{"Apache-2.0 WITH LLVM-Exception", "Apache-2.0 WITH LLVM-exception", true},
		{"AGPL-3.0-or-later WITH OpenSSL-Exception", "LicenseRef-AGPL-3.0-or-later-WITH-OpenSSL-Exception-57f812a3", true},
		{"(GPL-2.0-only AND MIT) WITH OpenSSL-Exception", "", false},
		{"MIT AND LicenseRef-KDE-Accepted-GPL", "MIT AND LicenseRef-KDE-Accepted-GPL", true},
		{"LicenseRef-a_b", "LicenseRef-LicenseRef-a-b-1eea2f89", true},
		{"custom", "LicenseRef-custom", true},
		{"MIT BSD custom", "", false},
		{"MIT AND", "", false},
		{"AND", "", false},
		{"MIT WITH", "", false},
		{"(MIT", "", false},
		{"MIT)", "", false},
		{strings.Repeat("(", 40) + "MIT" + strings.Repeat(")", 40), "", false},
	} {
		got, ok := newLicenses().expression(c.declared)
		if ok != c.ok || c.ok && got != c.want || !c.ok && !strings.HasPrefix(got, "LicenseRef-") {
			t.Errorf("%q: %q, %v, want %q, %v", c.declared, got, ok, c.want, c.ok)
		}
	}
}

// TestLicenseWords keeps what the packager wrote.
func TestLicenseWords(t *testing.T) {
	l := newLicenses()
	for _, declared := range []string{"MIT AND custom", "MIT BSD", "GPL+"} {
		l.expression(declared)
	}
	var words []string
	for _, w := range l.refs {
		words = append(words, w)
	}
	if len(words) != 3 || !strings.Contains(strings.Join(words, "|"), "MIT BSD") {
		t.Errorf("words = %q", words)
	}
}

func FuzzLicense(f *testing.F) {
	f.Add("(Apache-2.0 OR MIT) AND custom WITH x")
	f.Add("MIT BSD (")
	f.Fuzz(func(t *testing.T, declared string) {
		got, ok := newLicenses().expression(declared)
		if !ok {
			return
		}
		if again, ok := newLicenses().expression(got); !ok || again != got {
			t.Errorf("%q is %q, and that is %q, %v", declared, got, again, ok)
		}
	})
}
