package repo

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestNetrc(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []machine
	}{
		{"empty", "", nil},
		{"one line", "machine a.example login me password secret\n", []machine{{"a.example", "me", "secret"}}},
		{"many lines", "machine a\n\tlogin me\r\n\tpassword secret", []machine{{"a", "me", "secret"}}},
		{"any order, account", "machine a password p account x login u", []machine{{"a", "u", "p"}}},
		{"several", "machine a login 1 password 2\nmachine b:8443 login 3 password 4", []machine{{"a", "1", "2"}, {"b:8443", "3", "4"}}},
		{"no password", "machine a login u", []machine{{"a", "u", ""}}},
		{"comments", "# first\nmachine a login u # password no\n#\npassword p", []machine{{"a", "u", "p"}}},
		{"# within a word", "machine a login u password p#1", []machine{{"a", "u", "p#1"}}},
		{"quotes", `machine a login "me too" password "a\"b\\c"`, []machine{{"a", "me too", `a"b\c`}}},
		{"keyword as value", "machine login login password password machine", []machine{{"login", "password", "machine"}}},
		{"default", "default login x password y\nmachine a login u password p", []machine{{"a", "u", "p"}}},
		{"macro", "macdef init\ncd /pub\nmachine not\n\nmachine a login u password p", []machine{{"a", "u", "p"}}},
		{"macro at the end", "machine a login u password p\nmacdef init\nbin", []machine{{"a", "u", "p"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, line, err := parseNetrc(test.text)
			if err != nil || !reflect.DeepEqual(n.machines, test.want) {
				t.Errorf("%v at line %d, %v; want %v", n, line, err, test.want)
			}
		})
	}
}

func TestNetrcRefused(t *testing.T) {
	for text, want := range map[string]string{
		"machine":                              ":1: machine has no value",
		"machine a\nlogin":                     ":2: login has no value",
		"login me":                             ":1: login stands before the first machine",
		"machine a\n\nhunt":                    ":3: there is a word that is not machine, login",
		"machine a login u password two hunt":  ":1: there is a word that is not",
		"machine a login u\nlogin v":           ":2: login occurs twice",
		"machine a password hunt password x":   ":1: password occurs twice",
		"machine a password \"hunt":            ":1: a double quote is not closed",
		"machine a password \"hunt\n\"":        ":1: a double quote is not closed on its line",
		"machine a password \"hunt\"x":         ":1: something follows a double quote",
		"machine a password \"hu\\nt\"":        ":1: in double quotes \\ stands before",
		"machine a password hunt\x00":          ":1: there is a control character",
		"\"machine\" a":                        ":1: there is a word",
		"machine a login \"\"":                 ":1: login has no value",
		"macdef":                               ":1: macdef has no value",
		"macdef m\n1\n\n# 4\nmachine a hunt b": ":5: there is a word",
		strings.Repeat("#", maxNetrc+1):        " has more than 1048576 bytes",
	} {
		file := filepath.Join(t.TempDir(), "netrc")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadNetrc(file)
		if err == nil || !strings.Contains(err.Error(), file+want) || strings.Contains(err.Error(), "hunt") {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
}

// FuzzNetrc: what is accepted can be written in quotes and read again.
func FuzzNetrc(f *testing.F) {
	for _, seed := range []string{
		"machine a login b password c", "default\nlogin x", "macdef m\n\n", `machine "a" login "b\"\\c"`, "# x\nmachine a", "machine a account b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, _, err := parseNetrc(text)
		if err != nil {
			return
		}
		var again strings.Builder
		quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
		for _, m := range n.machines {
			again.WriteString(`machine "` + quote.Replace(m.host) + `"`)
			if m.user != "" {
				again.WriteString(` login "` + quote.Replace(m.user) + `"`)
			}
			if m.password != "" {
				again.WriteString(` password "` + quote.Replace(m.password) + `"`)
			}
			again.WriteString("\n")
		}
		back, _, err := parseNetrc(again.String())
		if err != nil || !reflect.DeepEqual(back.machines, n.machines) {
			t.Errorf("%q is %v, written as %q it is %v, %v", text, n.machines, &again, back, err)
		}
	})
}
