package lock_test

import (
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/lock"
)

func TestComplete(t *testing.T) {
	lib := &apk.Package{Name: "lib", Version: "1.2-r0", Provides: world(t, "so:lib.so.1=1.2", "any"), Depends: world(t, "!other")}
	web := &apk.Package{Name: "web", Version: "2-r0", Checksum: apk.Checksum{1}, Depends: world(t, "so:lib.so.1", "!web<2", "!lib<1")}
	tests := []struct {
		world    []apk.Dependency
		packages []*apk.Package
		want     string
	}{
		{world(t, "web", "lib>1", "any", "any<2", "!nothing", "web><"+web.Checksum.String()), []*apk.Package{lib, web}, ""},
		{world(t, "web@edge~2"), []*apk.Package{web, lib}, ""},
		{world(t, "web"), []*apk.Package{lib}, "the spec asks for web, which the locked packages do not meet"},
		{world(t, "web>2-r0"), []*apk.Package{lib, web}, "the spec asks for web>2-r0, which the locked packages do not meet"},
		{world(t, "web><Q1AAAAAAAAAAAAAAAAAAAAAAAAAAE="), []*apk.Package{lib, web}, "the spec asks for web><Q1AAAAAAAAAAAAAAAAAAAAAAAAAAE=, which the locked packages do not meet"},
		{world(t, "any>0"), []*apk.Package{lib}, "the spec asks for any>0, which the locked packages do not meet"},
		{world(t, "!lib"), []*apk.Package{lib}, "the spec asks for !lib, which the locked packages do not meet"},
		{world(t, "web"), []*apk.Package{web}, "web-2-r0 needs so:lib.so.1, which the locked packages do not meet"},
		{nil, []*apk.Package{lib, {Name: "other", Version: "1"}}, "lib-1.2-r0 needs !other, which the locked packages do not meet"},
		{nil, nil, ""},
	}
	for _, test := range tests {
		got := ""
		if err := lock.Complete(test.world, test.packages); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%v of %v: got %q, want %q", test.world, test.packages, got, test.want)
		}
	}
}
