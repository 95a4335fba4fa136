package provenance_test

import (
	"runtime/debug"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/assemble/provenance"
	"github.com/mkimage/mkimage/assemble/sbom"
)

const full = `{
  "_type": "https://in-toto.io/Statement/v1",
  "subject": [
    {
      "name": "ghcr.io/acme/web",
      "digest": {
        "sha256": "abab"
      }
    }
  ],
  "predicateType": "https://slsa.dev/provenance/v1",
  "predicate": {
    "buildDefinition": {
      "buildType": "https://github.com/mkimage/mkimage/blob/main/docs/sbom.md#build-type-version-1",
      "externalParameters": {
        "spec": [
          "app.cue",
          "policy.cue"
        ],
        "lock": "app.lock.json",
        "platform": "linux/amd64",
        "defines": [
          "version=1.4.2"
        ],
        "sourceDateEpoch": 0
      },
      "internalParameters": {
        "layerEncoding": 1
      },
      "resolvedDependencies": [
        {
          "name": "app.cue",
          "digest": {
            "sha256": "01"
          }
        },
        {
          "name": "policy.cue",
          "digest": {
            "sha256": "02"
          }
        },
        {
          "name": "app.lock.json",
          "digest": {
            "sha256": "03"
          }
        },
        {
          "uri": "pkg:apk/alpine/libcrypto3@3.1.4-r5?arch=x86_64&distro=alpine-3.19&upstream=openssl",
          "digest": {
            "sha256": "04"
          },
          "downloadLocation": "https://dl.example/v3.19/main/x86_64/libcrypto3-3.1.4-r5.apk"
        },
        {
          "uri": "pkg:golang/example.com/web"
        },
        {
          "uri": "pkg:golang/stdlib@1.26.0"
        },
        {
          "uri": "pkg:golang/golang.org/x/sys@v0.49.0",
          "digest": {
            "dirHash": "616263"
          }
        }
      ]
    },
    "runDetails": {
      "builder": {
        "id": "https://github.com/mkimage/mkimage",
        "version": {
          "mkimage": "v1.2.3"
        }
      }
    }
  }
}
`

func TestStatement(t *testing.T) {
	build := &debug.BuildInfo{
		GoVersion: "go1.26.0", Main: debug.Module{Path: "example.com/web", Version: "(devel)"},
		Deps: []*debug.Module{{Path: "golang.org/x/sys", Version: "v0.49.0", Sum: "h1:YWJj"}},
	}
	bill := &sbom.Bill{
		Name: "ghcr.io/acme/web", Digest: "sha256:abab", Tool: "v1.2.3",
		Platform:     apk.Platform{OS: "linux", Architecture: "amd64"},
		Distribution: sbom.Distribution{ID: "alpine", Version: "3.19"},
		Packages: []sbom.Package{{
			SHA256: "04", URL: "https://dl.example/v3.19/main/x86_64/libcrypto3-3.1.4-r5.apk",
			Package: &apk.Package{Name: "libcrypto3", Version: "3.1.4-r5", Arch: "x86_64", Origin: "openssl"},
		}},
		Programs: []sbom.Program{{Path: "/usr/bin/web", Build: build}, {Path: "/usr/bin/again", Build: build}},
	}
	epoch := int64(0)
	source := provenance.Source{
		Spec:    []provenance.File{{Name: "app.cue", SHA256: "01"}, {Name: "policy.cue", SHA256: "02"}},
		Lock:    &provenance.File{Name: "app.lock.json", SHA256: "03"},
		Defines: []string{"version=1.4.2"}, Epoch: &epoch, LayerEncoding: 1,
	}
	got, err := provenance.Statement(bill, source)
	if err != nil || string(got) != full {
		t.Errorf("Statement: %v\n%s", err, got)
	}
}

// TestLittle states nothing that there was not.
func TestLittle(t *testing.T) {
	got, err := provenance.Statement(&sbom.Bill{Name: "web", Digest: "sha256:ab"}, provenance.Source{})
	if err != nil {
		t.Fatal(err)
	}
	for _, absent := range []string{"lock", "defines", "sourceDateEpoch", "uri"} {
		if strings.Contains(string(got), `"`+absent+`"`) {
			t.Errorf("%s is stated:\n%s", absent, got)
		}
	}
	for _, present := range []string{`"spec": []`, `"resolvedDependencies": []`} {
		if !strings.Contains(string(got), present) {
			t.Errorf("%s is absent:\n%s", present, got)
		}
	}
}
