package apk_test

import (
	"testing"

	"github.com/mkimage/mkimage/apk"
)

func TestCompareVersions(t *testing.T) {
	for _, c := range []struct {
		a    string
		sign string
		b    string
	}{
		{"1", "=", "1"},
		{"1.2", "<", "1.10"},
		{"1.2", "<", "1.2.0"},
		{"1.2", "<", "1.2a"},
		{"1.2a", "<", "1.2b"},
		{"1.2b", "<", "1.2.1"},
		{"12", ">", "9.9"},
		// A leading zero makes a component text.
		{"1.10", ">", "1.09"},
		{"1.1", ">", "1.09"},
		{"1.010", "<", "1.02"},
		{"1.0", "<", "1.00"},
		// but not the first.
		{"010", ">", "9"},
		{"007", "=", "7"},
		// Suffixes in their order around none.
		{"1_alpha", "<", "1_beta"},
		{"1_beta", "<", "1_pre"},
		{"1_pre", "<", "1_rc"},
		{"1_rc", "<", "1"},
		{"1", "<", "1_cvs"},
		{"1_cvs", "<", "1_svn"},
		{"1_svn", "<", "1_git"},
		{"1_git", "<", "1_hg"},
		{"1_hg", "<", "1_p"},
		{"1_p", "<", "1.0"},
		{"1_rc1", "<", "1_rc2"},
		{"1_rc9", "<", "1_rc10"},
		{"1_rc", "<", "1_rc0"},
		{"1_p1_alpha", "<", "1_p1"},
		{"1_git20240101", "<", "1_git20240102"},
		// Commit hashes are text, revisions numbers.
		{"1~abc", "<", "1~abd"},
		{"1", "<", "1~0"},
		{"1~abc-r2", "<", "1~abd-r1"},
		{"1", "<", "1-r0"},
		{"1-r9", "<", "1-r10"},
		{"1-r9", "<", "1.0"},
		{"1_rc1-r5", "<", "1-r0"},
		// Numbers wrap around at 2^64.
		{"18446744073709551616", "=", "0"},
		// Malformed versions compare by what precedes the fault.
		{"1.0", "<", "1.0bc"},
		{"1.0x-y", "=", "1.0x-z"},
		{"23_foo", ">", "4_beta"},
		{"1_foo", ">", "1_alpha"},
		{"1-rx", "<", "1"},
		// No version is less than all others.
		{"", "<", "0_alpha"},
		{"", "=", ""},
	} {
		want := map[string]int{"<": -1, "=": 0, ">": 1}[c.sign]
		if got := apk.CompareVersions(c.a, c.b); got != want {
			t.Errorf("%q and %q: %d, want %d", c.a, c.b, got, want)
		}
		if got := apk.CompareVersions(c.b, c.a); got != -want {
			t.Errorf("%q and %q: %d, want %d", c.b, c.a, got, -want)
		}
	}
}

func TestValidVersion(t *testing.T) {
	for v, want := range map[string]bool{
		"1": true, "1.2.3": true, "1.2c": true, "1_rc": true, "1_rc1_p2": true, "1.02": true,
		"1~0af": true, "1_git20240101~0af-r3": true, "1.2b_alpha-r1": true, "20240101": true,
		"": false, "a": false, ".1": false, "1.": false, "1..2": false, "1.2bc": false, "1b1": false,
		"1b.1": false, "1_": false, "1__p": false, "1_foo": false, "1_P": false, "1~": false, "1~xyz": false,
		"1~A": false, "1~ab_p": false, "1-r": false, "1-r1-r2": false, "1-r1.2": false, "1-1": false,
		"1-r1_p": false, "1 ": false, "1\n": false, "v1": false, "_p": false, "-r1": false,
	} {
		if got := apk.ValidVersion(v); got != want {
			t.Errorf("%q: %v, want %v", v, got, want)
		}
	}
}

func FuzzVersion(f *testing.F) {
	for _, s := range []string{"1", "1.02a_rc1~ab-r3", "18446744073709551616", "1_", ""} {
		f.Add(s, "1.0-r0")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		c := apk.CompareVersions(a, b)
		if c < -1 || c > 1 || apk.CompareVersions(b, a) != -c {
			t.Errorf("%q and %q: %d, and %d the other way round", a, b, c, apk.CompareVersions(b, a))
		}
		if apk.CompareVersions(a, a) != 0 {
			t.Errorf("%q is not equal to itself", a)
		}
		if fuzzy := apk.OpEqual | apk.OpFuzzy; c == 0 && !fuzzy.Matches(a, b) {
			t.Errorf("%q is equal to %q but not its prefix", a, b)
		}
	})
}
