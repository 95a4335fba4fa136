package apk_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/internal/apktest"
)

// regular is a file of an invalid or odd name in an otherwise usual package.
func regular(name string) apktest.File { return apktest.Regular(name, "x") }

// TestRefusedEntries has one row for each rule about entries; "" is accepted.
func TestRefusedEntries(t *testing.T) {
	other := apktest.Symlink("a", "target")
	other.Checksum = strings.Repeat("0", 40)
	short := regular("a")
	short.Checksum = "abc"
	long := regular("a")
	long.Checksum = strings.Repeat("0", 42)
	wrong := regular("a")
	wrong.Checksum = strings.Repeat("0", 40)
	plain := regular("a")
	plain.Plain = true
	for _, test := range []struct {
		name string
		file apktest.File
		want string
	}{
		{"root", apktest.Dir("."), ""},
		{"dot file", regular(".dot"), ""},
		{"below a dot folder", regular(".dot/file"), ""},
		{"dots in a name", regular("a..b/...c"), ""},
		{"not UTF-8", regular("a\xff"), ""},
		{"parent", regular("../a"), `its entry "../a" leads out of the root`},
		{"parent inside", regular("a/../../b"), `its entry "a/../../b" leads out of the root`},
		{"parent at the end", regular("a/.."), `its entry "a/.." leads out of the root`},
		{"parent folder", apktest.Dir(".."), `its entry "../" leads out of the root`},
		{"absolute", regular("/etc/passwd"), `its entry "/etc/passwd" is an absolute path`},
		{"root as absolute", apktest.Dir(""), `its entry "/" has no name`},
		{"dot inside", regular("a/./b"), `its entry "a/./b" is not a clean path`},
		{"dot first", regular("./b"), `its entry "./b" is not a clean path`},
		{"two slashes", regular("a//b"), `its entry "a//b" is not a clean path`},
		{"newline", regular("a\nb"), `its entry "a\nb" has the control character '\n' in its name`},
		{"delete", regular("a\x7f"), `its entry "a\x7f" has the control character '\x7f' in its name`},
		{"long name", regular(strings.Repeat("a", 5000)), "has a name of more than 4085 bytes"},
		{"long target", apktest.Symlink("a", strings.Repeat("a", 5000)), `its entry "a" links to a name of more than 4085 bytes`},
		{"empty target", apktest.Symlink("a", ""), `its entry "a" links to nothing`},
		{"target out of the root", apktest.Symlink("a", "../../etc"), ""},
		{"hard link out of the root", apktest.Hardlink("a", "../b"), `its entry "a" is a hard link to "../b", which leads out of the root`},
		{"hard link to nothing", apktest.Hardlink("a", ""), `its entry "a" is a hard link to "", which has no name`},
		{"absolute hard link", apktest.Hardlink("a", "/b"), `its entry "a" is a hard link to "/b", which is an absolute path`},
		{"negative owner", regular("a").OwnedBy("x", "x", -1, 0), `its entry "a" has the owner -1:0, which no system can have`},
		{"owner none", regular("a").OwnedBy("x", "x", 0, 1<<32-1), `its entry "a" has the owner 0:4294967295, which no system can have`},
		{"before 1970", regular("a").At(-1), `its entry "a" was modified before 1970`},
		{"device number", apktest.CharDevice("a", 1<<12, 0), `its entry "a" is the device 4096:0, which no system can have`},
		{"no checksum", plain, `its entry "a" has no record APK-TOOLS.checksum.SHA1`},
		{"short checksum", short, `its entry "a" has the checksum "abc", which is not a SHA-1 in hexadecimal`},
		{"long checksum", long, `which is not a SHA-1 in hexadecimal`},
		{"wrong checksum", wrong, "its file a has the SHA-1 11f6ad8ec52a2984abaafd7c3b516503785c2072 where its entry says " + strings.Repeat("0", 40)},
		{"wrong checksum of a link", other, `its entry "a" links to "target", which is not what its checksum ` + other.Checksum + " says"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := apktest.Package{Name: "p", Exact: true, Files: []apktest.File{test.file}}.Seal(nil)
			checkRefused(t, walk(t, openSealed(t, s)), test.want)
		})
	}
}

// TestRefusedData has one row for each rule about the data section as a whole.
func TestRefusedData(t *testing.T) {
	stream := apktest.Tar(regular("a"))
	head := stream[:len(stream)-1024] // without the two zero blocks
	sparse := regular("a").WithXattr("GNU.sparse.major", "1")
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"whole", apktest.Compress(stream), ""},
		{"without end blocks", apktest.Compress(head), ""},
		{"more zeros", apktest.Compress(append(bytes.Clone(stream), make([]byte, 5120)...)), ""},
		{"empty member", apktest.Compress(nil), ""},
		{"nothing", nil, "its data section is damaged: it ends in the middle"},
		{"not gzip", []byte("<html></html>"), "its data section is damaged: gzip: invalid header"},
		{"cut", apktest.Compress(stream)[:60], "its data section is damaged: it ends in the middle"},
		{"cut in a header", apktest.Compress(stream[:700]), "its data section is damaged: it ends in the middle"},
		{"not tar", apktest.Compress(bytes.Repeat([]byte("x"), 1024)), "its data section is damaged: archive/tar: invalid tar header"},
		{"after the end blocks", apktest.Compress(append(bytes.Clone(stream), 'x')), "its data section has something after the last entry"},
		{"second member", append(apktest.Compress(head), apktest.Compress(stream)...), "it has something after its data section"},
		{"garbage after", append(apktest.Compress(stream), 0), "it has something after its data section"},
		{"partial block", apktest.Compress(append(bytes.Clone(stream), make([]byte, 100)...)), "its data section is damaged: it ends in the middle"},
		{"socket", apktest.Compress(retype(stream, 's')), `its entry "a" is a tar entry of type 's', which apk does not extract`},
		{"sparse", apktest.Compress(bytes.ReplaceAll(apktest.Tar(sparse), []byte("SCHILY.xattr.GNU.sparse.major"), []byte("GNU.sparse.major.............."[:29]))), "is written with holes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkRefused(t, walk(t, apk.DataArchive(test.data)), test.want)
		})
	}
}

// TestRefusedBomb: what unpacks to far more than the package says is refused
// before it is unpacked.
func TestRefusedBomb(t *testing.T) {
	var stream bytes.Buffer
	w := tar.NewWriter(&stream)
	err := w.WriteHeader(&tar.Header{Name: "bomb", Mode: 0o644, Size: 1 << 40,
		PAXRecords: map[string]string{"APK-TOOLS.checksum.SHA1": strings.Repeat("0", 40)}})
	if err != nil {
		t.Fatal(err)
	}
	stream.Write(make([]byte, 1<<20))
	const want = "its file bomb has 1099511627776 bytes: the package unpacks to more than 4 times its installed size and 256 MB, which no honest one does"
	checkRefused(t, walk(t, apk.DataArchive(apktest.Compress(stream.Bytes()))), want)

	zeros := append(apktest.Tar(regular("a")), make([]byte, 257<<20)...)
	checkRefused(t, walk(t, apk.DataArchive(apktest.Compress(zeros))), "the package unpacks to more than 4 times")
}

// TestRefusedFiles has one row for each way in which a package file is not the
// one that the index describes, or no package.
func TestRefusedFiles(t *testing.T) {
	s := fullPackage().Seal(apktest.TestKey())
	plain := fullPackage()
	plain.DataHash = strings.Repeat("ab", sha256.Size)
	join := func(members ...[]byte) []byte { return bytes.Join(members, nil) }
	control := func(files ...apktest.File) []byte { return apktest.Compress(apktest.Tar(files...)) }
	signature := s.Bytes[:len(s.Bytes)-len(s.Control)-len(s.Data)]
	info := "pkgname = full\npkgver = 1.2.3-r4\ndatahash = " + strings.Repeat("0", 64) + "\n"
	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "the file ends before its data section"},
		{"not gzip", []byte("<html>not here</html>"), "it is not a package of apk's format 2: gzip: invalid header"},
		{"signature only", signature, "the file ends before its data section"},
		{"cut in the control section", s.Bytes[:len(signature)+50], "a member before its data section is damaged: it ends in the middle"},
		{"flipped in the control section", apktest.Flip(s.Bytes, len(signature)+len(s.Control)-6), "a member before its data section is damaged: gzip: invalid checksum"},
		{"many signatures", join(bytes.Repeat(signature, 9), s.Control, s.Data), "it has more than 8 signature members"},
		{"mixed signature member", join(control(regular(".SIGN.RSA.k"), regular("x")), s.Control), `its signature member has "x", which is no signature`},
		{"no .PKGINFO", join(control(regular(".post-install")), s.Data), "its control section has no .PKGINFO"},
		{"two .PKGINFO", join(control(apktest.Regular(".PKGINFO", info), apktest.Regular(".PKGINFO", info)), s.Data), "its control section has .PKGINFO twice"},
		{"two scripts", join(control(regular(".trigger"), regular(".trigger")), s.Data), "its control section has .trigger twice"},
		{"file in the control section", join(control(regular("usr")), s.Data), `its control section has "usr", which apk's format 2 does not allow there`},
		{"link in the control section", join(control(apktest.Symlink(".PKGINFO", "/etc/passwd")), s.Data), `".PKGINFO" in its control section is not a regular file`},
		{"large script", join(control(apktest.Regular(".trigger", strings.Repeat("#", 1<<20+1))), s.Data), "its script trigger has more than 1048576 bytes"},
		{"large control section", join(apktest.Compress(make([]byte, 17<<20)), s.Data), "a member before its data section has more than 16777216 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := apk.ReadUnverified(test.file)
			checkRefused(t, err, test.want)
		})
	}
	t.Run("datahash", func(t *testing.T) {
		wrong := plain.Seal(nil)
		a := openSealed(t, wrong)
		checkRefused(t, walk(t, a), "its data section has the SHA-256 ")
		checkRefused(t, a.VerifyData(t.Context()), " where .PKGINFO says "+plain.DataHash)
	})
}

// TestRefusedByIndex: the file must be the one that the index means.
func TestRefusedByIndex(t *testing.T) {
	s := fullPackage().Seal(apktest.TestKey())
	file := store(t, s)
	for _, test := range []struct {
		name   string
		change func(*apk.Package)
		want   string
	}{
		{"same", func(*apk.Package) {}, ""},
		{"size unknown", func(p *apk.Package) { p.Size = 0 }, ""},
		{"size", func(p *apk.Package) { p.Size++ }, " bytes, expected are "},
		{"checksum", func(p *apk.Package) { p.Checksum[0] ^= 1 }, "its control section has the checksum " + s.Checksum.String() + ", expected is Q1"},
		{"name", func(p *apk.Package) { p.Name = "other" }, ".PKGINFO says that it is full-1.2.3-r4, expected is other-1.2.3-r4"},
		{"version", func(p *apk.Package) { p.Version = "9" }, ".PKGINFO says that it is full-1.2.3-r4, expected is full-9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			entry := s.Entry()
			test.change(entry)
			_, err := apk.OpenArchive(file, entry)
			checkRefused(t, err, test.want)
		})
	}
	if _, err := apk.OpenArchive(filepath.Dir(file), s.Entry()); err == nil {
		t.Error("a folder was opened as a package")
	}
	if _, err := apk.OpenArchive(file+".none", s.Entry()); !os.IsNotExist(err) {
		t.Errorf("a missing file gives %v", err)
	}
}

func TestParseInfoRefuses(t *testing.T) {
	const good = "pkgname = a\npkgver = 1-r0\ndatahash = 0000000000000000000000000000000000000000000000000000000000000000\n"
	for _, test := range []struct{ name, lines, want string }{
		{"as it is", "", ""},
		{"comment and empty line", "# x = y\n\n", ""},
		{"empty value", "pkgdesc =\nurl = \n", ""},
		{"unknown key twice", "x = 1\nx = 2\n", ""},
		{"no end of line", "arch = noarch", ""},
		{"no equals sign", "some text\n", `.PKGINFO:4: "some text" is not of the form key = value`},
		{"no spaces", "arch=x86\n", `.PKGINFO:4: "arch=x86" is not of the form key = value`},
		{"twice", "arch = a\narch = a\n", ".PKGINFO:5: arch is given twice"},
		{"size", "size = 1k\n", ".PKGINFO:4: size: "},
		{"negative size", "size = -1\n", ".PKGINFO:4: size: "},
		{"control character", "url = a\x00b\n", `.PKGINFO:4: url has the control character '\x00'`},
		{"dependency", "replaces = =\n", ".PKGINFO:4: replaces: "},
		{"replaces_priority", "replaces_priority = x\n", ".PKGINFO:4: replaces_priority: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := apk.ParseInfo([]byte(good + test.lines))
			checkRefused(t, err, test.want)
		})
	}
	for _, test := range []struct{ lines, want string }{
		{"", ".PKGINFO has no pkgname"},
		{"pkgname = a\n", ".PKGINFO has no pkgver"},
		{"pkgname = a\npkgver = 1\n", ".PKGINFO has no datahash"},
		{"pkgname = ../a\n", ".PKGINFO:1: pkgname: "},
		{"pkgver = 1/2\n", ".PKGINFO:1: pkgver: "},
		{"datahash = 00\n", ".PKGINFO:1: datahash: it is not a SHA-256 in hexadecimal"},
	} {
		_, err := apk.ParseInfo([]byte(test.lines))
		checkRefused(t, err, test.want)
	}
}

func walk(t *testing.T, a *apk.Archive) error {
	t.Helper()
	return a.Walk(t.Context(), func(_ *apk.Entry, r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	})
}

// checkRefused expects an error of one line that contains want, or none where
// want is empty.
func checkRefused(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("error %q, want none", err)
	case want != "" && err == nil:
		t.Errorf("no error, want %q", want)
	case want != "" && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")):
		t.Errorf("error %q, want %q", err, want)
	}
}

// retype gives the entry of a stream another type, and a right header
// checksum.
func retype(stream []byte, kind byte) []byte {
	stream = bytes.Clone(stream)
	header := stream[bytes.LastIndex(stream, []byte("ustar"))-257:]
	header[156] = kind
	copy(header[148:156], "        ")
	sum := 0
	for _, b := range header[:512] {
		sum += int(b)
	}
	copy(header[148:], []byte{'0' + byte(sum>>15&7), '0' + byte(sum>>12&7), '0' + byte(sum>>9&7), '0' + byte(sum>>6&7), '0' + byte(sum>>3&7), '0' + byte(sum&7), 0})
	return stream
}
