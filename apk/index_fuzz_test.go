package apk_test

import (
	"bytes"
	"testing"

	"github.com/mkimage/mkimage/apk"
)

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(entry("a", "1", sumA, "D:b>1 !c\np:x=1 y\nk:3\n") + entry("b", "2", sumB, "i:a y\nA:noarch\n")))
	f.Add([]byte("P:a\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		x, err := apk.ParseIndex(text)
		if err != nil {
			return
		}
		var file bytes.Buffer
		if err := x.Encode(&file); err != nil {
			t.Fatal(err)
		}
		y, err := apk.OpenIndex(bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err != nil {
			t.Fatal(err)
		}
		useIndex(t, y)
		var again bytes.Buffer
		if err := y.Encode(&again); err != nil || !bytes.Equal(file.Bytes(), again.Bytes()) {
			t.Error("other bytes when encoded again")
		}
		for p, err := range y.All() {
			if err != nil {
				t.Fatal(err)
			}
			if p.Name == "" || p.Version == "" || p.Checksum.IsZero() {
				t.Errorf("package %+v", p)
			}
		}
	})
}

func FuzzOpenIndex(f *testing.F) {
	for _, text := range []string{"", entry("a", "1", sumA, "D:b>1 !c\np:x=1 y\n") + entry("b", "2", sumB, "i:a y\n")} {
		x, err := apk.ParseIndex([]byte(text))
		if err != nil {
			f.Fatal(err)
		}
		var file bytes.Buffer
		if err := x.Encode(&file); err != nil {
			f.Fatal(err)
		}
		f.Add(file.Bytes())
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		// A wrong sum would hide everything else.
		file = apk.WithSum(file)
		if x, err := apk.OpenIndex(bytes.NewReader(file), int64(len(file))); err == nil {
			useIndex(t, x)
		}
	})
}

// useIndex calls everything that an index and its table can do.
func useIndex(t *testing.T, x *apk.Index) {
	table := x.Table()
	for n := range uint32(table.NumNames()) {
		name := table.Name(n)
		table.LookupName([]byte(name), apk.NameHash(name))
		for i, l := 0, table.Providers(n); i < l.Len(); i++ {
			table.Package(l.At(i).Package)
			table.Version(l.At(i).Version)
		}
		for i, l := 0, table.Dependers(n); i < l.Len(); i++ {
			table.PackageName(l.At(i))
		}
		for i, l := 0, table.InstallIfs(n); i < l.Len(); i++ {
			table.Checksum(l.At(i))
		}
	}
	for p := range uint32(table.NumPackages()) {
		r := table.Package(p)
		table.Name(r.Name)
		table.Version(r.Version)
		table.Version(r.Arch)
		for _, links := range []apk.Links{table.Depends(p), table.Provides(p), table.InstallIf(p)} {
			for i := range links.Len() {
				table.Name(links.At(i).Name)
				table.Version(links.At(i).Version)
			}
		}
		if q, err := x.Package(int(p)); err == nil && q.Name == "" {
			t.Error("a package without a name")
		}
	}
}
