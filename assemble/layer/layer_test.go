package layer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/assemble/tree"
)

// everything is a tree with each kind of entry, and its packages.
func everything(t testing.TB) (*builder, []layer.Package) {
	b := newBuilder(t)
	first := &pkg{contents: []string{"", "z shell", "gone", "", "su"}}
	second := &pkg{contents: []string{"library"}}

	// Packages, in another order than their names have.
	b.ship("usr/bin/zsh", 1, 1, "z shell")
	b.ship("etc/empty", 1, 3, "")
	su := b.ship("bin/su", 1, 4, "su")
	b.link("usr/bin/zsh", "bin/zsh-5")
	su.Mode, su.Xattrs = 0o4755, map[string]string{"user.b": "2", "user.a": "\x00", "security.capability": "\x01\xff"}
	b.link("bin/su", "bin/sudo")
	b.add("bin/sh", &tree.Node{Kind: tree.Symlink, Mode: 0o644, Target: "/usr/bin/zsh", ModTime: 7, Source: tree.Source{Package: 1, Entry: 5}})
	b.ship("a-lib", 2, 0, "library").UID = 100

	// What is generated.
	b.file("etc/passwd", "root:x:0:0\n")
	b.link("etc/passwd", "etc/passwd-")
	b.file("etc/größe", "7").GID = 3_000_000
	b.file("srv/"+strings.Repeat("long/", 30)+"file", "long")
	b.add("dev/null", &tree.Node{Kind: tree.CharDevice, Mode: 0o666, Major: 1, Minor: 3})
	b.add("dev/sda", &tree.Node{Kind: tree.BlockDevice, Mode: 0o660, GID: 6, Major: 8})
	b.add("run/pipe", &tree.Node{Kind: tree.Fifo, Mode: 0o600})
	tmp, err := b.tree.Mkdir("tmp", 0o1777)
	if err != nil {
		t.Fatal(err)
	}
	tmp.ModTime, tmp.Source = 5, tree.Source{Package: 2, Entry: 1}
	return b, []layer.Package{first, second}
}

func TestOrderAndHeaders(t *testing.T) {
	b, packages := everything(t)
	stream, _ := b.write(packages...)
	long := "srv"
	dirs := []string{"5 0755 0:0 1700000000 srv/"}
	for i := range 30 {
		long += "/long"
		line := "5 0755 0:0 1700000000 " + long + "/"
		if i == 29 { // ustar splits a name at a slash into 155 and 100 bytes
			long += "/file"
		}
		dirs = append(dirs, line)
	}
	want := slices.Concat([]string{
		"5 0755 0:0 1700000000 bin/",
		"5 0755 0:0 1700000000 dev/",
		"5 0755 0:0 1700000000 etc/",
		"5 0755 0:0 1700000000 run/",
	}, dirs, []string{
		"5 1777 0:0 1700000000 tmp/",
		"5 0755 0:0 1700000000 usr/",
		"5 0755 0:0 1700000000 usr/bin/",
		`0 0755 0:0 1000001 bin/zsh-5 "z shell"`,
		"1 0755 0:0 1000001 usr/bin/zsh -> bin/zsh-5",
		"0 0755 0:0 1000003 etc/empty",
		`0 4755 0:0 1000004 bin/su "su" security.capability="\x01\xff" user.b="2" user.a="\x00" (PAX)`,
		`1 4755 0:0 1000004 bin/sudo -> bin/su security.capability="\x01\xff" user.b="2" user.a="\x00" (PAX)`,
		"2 0777 0:0 7 bin/sh -> /usr/bin/zsh",
		`0 0755 100:0 1000000 a-lib "library"`,
		"3 0666 0:0 1700000000 dev/null 1,3",
		"4 0660 0:6 1700000000 dev/sda 8,0",
		`0 0644 0:3000000 1700000000 etc/größe "7" (PAX)`,
		`0 0644 0:0 1700000000 etc/passwd "root:x:0:0\n"`,
		"1 0644 0:0 1700000000 etc/passwd- -> etc/passwd",
		"6 0600 0:0 1700000000 run/pipe",
		`0 0644 0:0 1700000000 ` + long + ` "long"`,
	})
	compare(t, listing(t, stream), want)
	for i, p := range packages {
		if walks := p.(*pkg).walks; walks != 1 {
			t.Errorf("package %d was unpacked %d times", i+1, walks)
		}
	}
}

// TestPins holds the encoding's bytes. Where they change, layer.Version must:
// every image that was built before gets another digest.
func TestPins(t *testing.T) {
	if layer.Version != 1 {
		t.Fatalf("these are the digests of version 1, not of %d", layer.Version)
	}
	kinds, packages := everything(t)
	large, largePackages := big(t)
	tests := []struct {
		name, digest, diffID string
		b                    *builder
		packages             []layer.Package
	}{
		{"nothing", "sha256:9addb4c7f3afa99b03f24f9e05cb87d274a63ae9ba30c94f02c75e85d133e9de", "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef", newBuilder(t), nil},
		{"every kind", "sha256:0d5e84b2cfb509d74af48779e5dd9d3bea05f15f19f40d752d643030cc9d8d93", "sha256:69c4519389a94035132235c1ee889a5fa43e042207a46aab4b65ebda99bbe415", kinds, packages},
		{"several members", "sha256:947692528277b15393a95f13dd20e3025e8eb503a857bcb5cbfae233796414ab", "sha256:0d4580982d4c1da6590efb055e5702498ddbd64c061710d026946e96ef6820fe", large, largePackages},
	}
	for _, tt := range tests {
		_, info := tt.b.write(tt.packages...)
		if info.Digest.String() != tt.digest || info.DiffID.String() != tt.diffID {
			t.Errorf("%s: digest %s, diffID %s", tt.name, info.Digest, info.DiffID)
		}
	}
}

// big is a tree of several members a run, of text that compresses as files do.
func big(t testing.TB) (*builder, []layer.Package) {
	b := newBuilder(t)
	p := &pkg{contents: []string{text(1, 3*layer.BlockSize), text(2, 1000), text(3, layer.BlockSize-512)}}
	for i, content := range p.contents {
		b.ship("usr/share/"+string(rune('a'+i)), 1, i, content)
	}
	b.file("etc/generated", text(4, 2*layer.BlockSize+5))
	return b, []layer.Package{p}
}

// text returns n bytes of words, the same in every run and every Go.
func text(seed uint64, n int) string {
	random := func(below uint64) uint64 { // Knuth's linear congruential generator, MMIX
		seed = seed*6364136223846793005 + 1442695040888963407
		return (seed >> 33) % below
	}
	words := make([]string, 2000)
	for i := range words {
		word := make([]byte, 1+random(12))
		for j := range word {
			word[j] = byte('a' + random(26))
		}
		words[i] = string(word)
	}
	var s strings.Builder
	for s.Len() < n {
		s.WriteString(words[random(2000)] + " ")
	}
	return s.String()[:n]
}

func TestSameBytes(t *testing.T) {
	b, packages := big(t)
	want, wantInfo := b.writeWith(layer.Options{Packages: packages, Epoch: epoch, Workers: 1})
	for _, workers := range []int{0, 2, 3, 16} {
		got, info := b.writeWith(layer.Options{Packages: packages, Epoch: epoch, Workers: workers})
		if !bytes.Equal(got, want) || info != wantInfo {
			t.Errorf("%d workers write other bytes", workers)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got, _ := b.write(packages...); !bytes.Equal(got, want) {
		t.Error("one processor writes other bytes")
	}
}

// TestMembers proves what docs/layer.md says of members: how runs are cut, and
// that each is what a new compressor makes of its bytes.
func TestMembers(t *testing.T) {
	b, packages := big(t)
	stream, info := b.write(packages...)
	packed, unpacked := members(t, stream)
	var sizes []int
	for i, content := range unpacked {
		sizes = append(sizes, len(content))
		var again bytes.Buffer
		zw, err := gzip.NewWriterLevel(&again, 6)
		if err != nil {
			t.Fatal(err)
		}
		zw.ModTime = time.Unix(0, 0)
		if _, err := zw.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := zw.Close(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Bytes(), packed[i]) {
			t.Errorf("member %d is not what a new compressor writes", i)
		}
		if header := packed[i][:10]; !bytes.Equal(header, []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}) {
			t.Errorf("member %d starts with % x", i, header)
		}
	}
	const block = layer.BlockSize
	files := 3*block + 1024 + block // contents, padded, of the package; its headers come on top
	want := []int{
		3 * 512, // usr, usr/share, etc
		block, block, block, block, files + 3*512 - 512 - 4*block,
		block, block, 512 + 512 + 1024, // a header, the last 5 bytes padded, the marker
	}
	if !slices.Equal(sizes, want) {
		t.Errorf("members of %v bytes, want %v", sizes, want)
	}
	if int64(len(stream)) != info.Size || int64(sum(unpacked)) != info.UncompressedSize {
		t.Errorf("the layer has %d and %d bytes, not %d and %d", len(stream), sum(unpacked), info.Size, info.UncompressedSize)
	}
}

// TestRunsAreIndependent proves that a changed file leaves the runs of packages
// as they were, which is what makes them worth keeping.
func TestRunsAreIndependent(t *testing.T) {
	b, packages := big(t)
	before, _ := b.write(packages...)
	b.file("a/first", "new")
	b.file("etc/z", "new")
	after, _ := b.write(packages...)
	old, _ := members(t, before)
	if run := bytes.Join(old[1:6], nil); !bytes.Contains(after, run) {
		t.Error("the run of a package depends on files of others")
	}
}

func TestRoot(t *testing.T) {
	b := newBuilder(t)
	b.tree.Root().Mode = 0o700
	stream, _ := b.write()
	compare(t, listing(t, stream), []string{"5 0700 0:0 1700000000 ./"})
}

// TestCopiedNode writes a node that shares its entry with another one.
func TestCopiedNode(t *testing.T) {
	b := newBuilder(t)
	n := *b.ship("b", 1, 0, "content")
	n.Content = tree.Bytes("content")
	b.add("c", &n)
	unused := &pkg{contents: []string{"unused"}}
	stream, _ := b.write(&pkg{contents: []string{"content"}}, unused)
	compare(t, listing(t, stream), []string{
		`0 0755 0:0 1000000 b "content"`,
		`0 0755 0:0 1000000 c "content"`,
	})
	if unused.walks > 0 {
		t.Error("a package without files in the tree was unpacked")
	}
}

func TestErrors(t *testing.T) {
	damaged := errors.New("cannot read package web-1.0: it is damaged")
	tests := []struct {
		name string
		make func(b *builder) []layer.Package
		want string
	}{
		{"shorter", func(b *builder) []layer.Package {
			b.ship("f", 1, 0, "content")
			return []layer.Package{&pkg{contents: []string{"con"}}}
		}, "cannot write f into the layer: its content has not the 7 bytes that it had: the file was changed during the build"},
		{"longer", func(b *builder) []layer.Package {
			b.file("f", "").Content = changed{}
			return nil
		}, "cannot write f into the layer: its content has not the 1 bytes that it had: the file was changed during the build"},
		{"damaged", func(b *builder) []layer.Package {
			b.ship("f", 1, 0, "content")
			return []layer.Package{&pkg{contents: []string{"content"}, fails: damaged}}
		}, damaged.Error()},
		{"cannot be opened", func(b *builder) []layer.Package {
			b.file("f", "").Content = shipped(3)
			return nil
		}, "cannot read the content of f: opened out of turn"},
		{"absent", func(b *builder) []layer.Package {
			b.ship("f", 1, 1, "content")
			return []layer.Package{&pkg{contents: []string{"content"}}}
		}, "internal error: the package of f has no entry 1"},
		{"left out", func(b *builder) []layer.Package {
			b.ship("f", 1, -1, "content")
			return []layer.Package{&pkg{}}
		}, "internal error: f comes from entry -1 of package 1, of 1 packages"},
		{"no such package", func(b *builder) []layer.Package {
			b.ship("f", 2, 0, "content")
			return []layer.Package{&pkg{}}
		}, "internal error: f comes from entry 0 of package 2, of 1 packages"},
		{"owner", func(b *builder) []layer.Package {
			b.file("f", "").UID = -1
			return nil
		}, "cannot write f into the layer: no system can have its owner -1:0"},
		{"attribute", func(b *builder) []layer.Package {
			b.file("f", "").Xattrs = map[string]string{"user.a=b": ""}
			return nil
		}, "cannot write f into the layer: archive/tar: cannot encode header: invalid PAX record: \"SCHILY.xattr.user.a=b = \""},
	}
	for _, tt := range tests {
		b := newBuilder(t)
		o := layer.Options{Packages: tt.make(b)}
		_, err := layer.Write(context.Background(), io.Discard, b.tree, o)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.name, err, tt.want)
		}
	}
}

// changed is a file that grew after its size was asked for.
type changed struct{}

func (changed) Size() int64                  { return 1 }
func (changed) Open() (io.ReadCloser, error) { return tree.Bytes("grown").Open() }

// full is a disk with room for a few bytes.
type full struct{ left int }

var errFull = errors.New("no space left on device")

func (f *full) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestFullDisk(t *testing.T) {
	b, packages := big(t)
	for _, left := range []int{0, 100, 200_000} {
		_, err := layer.Write(context.Background(), &full{left}, b.tree, layer.Options{Packages: packages})
		if !errors.Is(err, errFull) {
			t.Errorf("room for %d: got %v, want %v", left, err, errFull)
		}
	}
}

func TestCancel(t *testing.T) {
	b, packages := big(t)
	ctx, cancel := context.WithCancel(context.Background())
	var out bytes.Buffer
	_, err := layer.Write(ctx, writerFunc(func(p []byte) (int, error) {
		cancel()
		return out.Write(p)
	}), b.tree, layer.Options{Packages: packages, Workers: 1})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
