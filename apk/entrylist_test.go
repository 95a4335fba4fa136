package apk

import (
	"reflect"
	"testing"
)

func someEntries() []Entry {
	return []Entry{
		{Index: 0, Name: "usr", Kind: Directory, Mode: 0o755},
		{Index: 2, Name: "usr/a", Kind: Regular, Mode: 0o4755, UID: maxID, GID: 3, User: "root", Group: "www", ModTime: 1700000000,
			Size: 1 << 40, Checksum: Checksum{1, 2}, Xattrs: []Xattr{{"security.capability", "\x00\x01"}, {"user.x", ""}}},
		{Index: 3, Name: "usr/\xff", Kind: Symlink, Target: "a"},
		{Index: 4, Name: "dev/x", Kind: CharDevice, Major: 1, Minor: 3},
	}
}

func TestEntryList(t *testing.T) {
	for _, want := range [][]Entry{{}, someEntries()} {
		b := EncodeEntries(want)
		got, err := DecodeEntries(b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
		for i := range b {
			damaged := append([]byte{}, b...)
			damaged[i] ^= 1
			if _, err := DecodeEntries(damaged); err == nil {
				t.Errorf("byte %d changed: no error", i)
			}
			if _, err := DecodeEntries(b[:i]); err == nil {
				t.Errorf("%d bytes: no error", i)
			}
		}
	}
}

// FuzzEntryList: whatever is accepted is what would be written.
func FuzzEntryList(f *testing.F) {
	f.Add(EncodeEntries(nil))
	f.Add(EncodeEntries(someEntries()))
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := DecodeEntries(b)
		if err != nil {
			return
		}
		again, err := DecodeEntries(EncodeEntries(entries))
		if err != nil || len(again) != len(entries) || len(again) > 0 && !reflect.DeepEqual(again, entries) {
			t.Errorf("%v comes back as %v, %v", entries, again, err)
		}
	})
}
