package apk_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/apktest"
)

func TestArchiveDigest(t *testing.T) {
	s := fullPackage().Seal(apktest.TestKey())
	file := store(t, s)
	a, err := apk.OpenArchive(file, s.Entry())
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Digest(t.Context())
	if want := sha256.Sum256(s.Bytes); err != nil || got != want {
		t.Errorf("Digest = %x, %v, want %x", got, err, want)
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Digest(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context's end: %v", err)
	}
	if err := os.WriteFile(file, apktest.Flip(s.Bytes, -1), 0o644); err != nil {
		t.Fatal(err)
	}
	var damaged *apk.ArchiveError
	if _, err := a.Digest(t.Context()); !errors.As(err, &damaged) {
		t.Errorf("of a changed file: %v", err)
	}
}
