package apk_test

import (
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
)

func TestPlatforms(t *testing.T) {
	for arch, platform := range map[string]string{
		"x86_64": "linux/amd64", "aarch64": "linux/arm64", "armv7": "linux/arm/v7", "armhf": "linux/arm/v6",
		"x86": "linux/386", "ppc64le": "linux/ppc64le", "s390x": "linux/s390x", "riscv64": "linux/riscv64",
		"loongarch64": "linux/loong64",
	} {
		p, err := apk.ArchPlatform(arch)
		if err != nil || p.String() != platform {
			t.Errorf("%s: %v, %v, want %s", arch, p, err, platform)
		}
		p, err = apk.ParsePlatform(platform)
		if err != nil || p.String() != platform {
			t.Errorf("%s: %v, %v", platform, p, err)
		}
		if got, err := p.Arch(); err != nil || got != arch {
			t.Errorf("%s: %s, %v, want %s", platform, got, err, arch)
		}
	}
	for platform, want := range map[string]string{"linux/arm": "linux/arm/v7", "linux/arm64/v8": "linux/arm64"} {
		if p, err := apk.ParsePlatform(platform); err != nil || p.String() != want {
			t.Errorf("%s: %v, %v, want %s", platform, p, err, want)
		}
	}
	for _, s := range []string{
		"", "linux", "linux/", "linux/x86_64", "windows/amd64", "linux/amd64/v2", "linux/amd64/", "linux/arm/v5",
		"linux/arm64/v9", "Linux/amd64", "linux/arm64/v8/x",
	} {
		if p, err := apk.ParsePlatform(s); err == nil || !strings.HasPrefix(err.Error(), "cannot use platform") {
			t.Errorf("%s: %v, %v, want an error", s, p, err)
		}
	}
	if _, err := apk.ArchPlatform("amd64"); err == nil || !strings.Contains(err.Error(), "x86_64") {
		t.Errorf("amd64 is no architecture of Alpine's: %v", err)
	}
	if _, err := (apk.Platform{OS: "linux", Architecture: "mips"}).Arch(); err == nil {
		t.Error("linux/mips has an architecture")
	}
}
