package main

import (
	"archive/tar"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mkimage/mkimage/internal/apktest"
)

// haveAlpine reports whether MKIMAGE_ALPINE names a folder of real packages.
func haveAlpine() (bool, error) {
	dir := os.Getenv("MKIMAGE_ALPINE")
	if dir == "" && os.Getenv("CI") != "true" {
		return false, nil
	}
	if _, err := os.Stat(filepath.Join(dir, "lab")); err != nil {
		return false, fmt.Errorf("MKIMAGE_ALPINE must name a folder of real packages: %w", err)
	}
	return true, nil
}

// writeRepository is the command "apkrepo DIR FILE": it writes a signed
// repository to DIR and its key to test.rsa.pub, from a description:
//
//	arch ARCH, for what follows; all: every one of Alpine's
//	package NAME VERSION
//	depends|provides|install_if|replaces|triggers VALUE...
//	origin|license TEXT
//	file PATH MODE CONTENT, with \n between lines
//	link PATH TARGET
//	script KIND LINE
func writeRepository(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: apkrepo DIR FILE")
	}
	repo := apktest.NewRepo()
	var p *apktest.Package
	arches := []string{"x86_64"}
	add := func() {
		for _, arch := range arches {
			if p != nil {
				repo.AddTo(arch, *p)
			}
		}
		p = nil
	}
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "arch":
			add()
			if arches = []string{rest}; rest == "all" {
				arches = alpineArches()
			}
		case "package":
			add()
			name, version, _ := strings.Cut(rest, " ")
			p = &apktest.Package{Name: name, Version: version, Scripts: map[string]string{}}
		case "":
		default:
			ts.Check(describe(p, verb, rest))
		}
	}
	add()
	for name, content := range repo.Files() {
		path := filepath.Join(ts.MkAbs(args[0]), filepath.FromSlash(name))
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		ts.Check(os.WriteFile(path, content, 0o644))
	}
	ts.Check(os.WriteFile(ts.MkAbs(repo.Key.Name), repo.Key.PublicPEM(), 0o644))
}

// alpineArches are all of Alpine's architectures.
func alpineArches() []string {
	return []string{"x86_64", "aarch64", "armv7", "armhf", "x86", "ppc64le", "s390x", "riscv64", "loongarch64"}
}

func describe(p *apktest.Package, verb, rest string) error {
	words := strings.Fields(rest)
	switch verb {
	case "depends":
		p.Depends = append(p.Depends, words...)
	case "provides":
		p.Provides = append(p.Provides, words...)
	case "install_if":
		p.InstallIf = append(p.InstallIf, words...)
	case "origin":
		p.Origin = rest
	case "license":
		p.License = rest
	case "replaces":
		p.Replaces = append(p.Replaces, words...)
	case "triggers":
		p.Triggers = append(p.Triggers, words...)
	case "file":
		part := strings.SplitN(rest, " ", 3)
		content := strings.ReplaceAll(part[2], `\n`, "\n") + "\n"
		f := apktest.Regular(part[0], content)
		if part[1] == "755" {
			f = apktest.Program(part[0], content)
		}
		p.Files = append(p.Files, f)
	case "link":
		p.Files = append(p.Files, apktest.Symlink(words[0], words[1]))
	case "script":
		kind, line, _ := strings.Cut(rest, " ")
		if p.Scripts[kind] == "" {
			p.Scripts[kind] = "#!/bin/sh\n"
		}
		p.Scripts[kind] += line + "\n"
	default:
		return fmt.Errorf("apkrepo: unknown line %q", verb)
	}
	return nil
}

// writeKeyPair is the command "rsakey FILE": it writes a new RSA key, its public
// half to FILE.pub.
func writeKeyPair(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: rsakey FILE")
	}
	private, public, err := newKeyPair()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), private, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pub"), public, 0o644))
}

// newKeyPair makes an RSA key and returns both halves as abuild-keygen does.
func newKeyPair() (private, public []byte, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	private, err = x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	public, err = x509.MarshalPKIXPublicKey(&key.PublicKey)
	private = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return private, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), err
}

// serveRepository is the command "serve NAME DIR": an HTTP server over DIR for
// the rest of the script, its URL in $NAME.
func serveRepository(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serve NAME DIR")
	}
	server := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[1]))))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}

// compareDigests is the command "sha256 A B": whether two files are the same
// bytes.
func compareDigests(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] sha256 A B")
	}
	var sums [2]string
	for i, arg := range args {
		sum := sha256.Sum256([]byte(ts.ReadFile(arg)))
		sums[i] = hex.EncodeToString(sum[:])
	}
	if same := sums[0] == sums[1]; same == neg {
		ts.Fatalf("%s has the digest %s, %s has %s", args[0], sums[0], args[1], sums[1])
	}
}

// corruptFile is the command "corrupt FILE OFFSET": it inverts a bit of the
// byte at offset, from the end if that is negative.
func corruptFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: corrupt FILE OFFSET")
	}
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	content := apktest.Flip([]byte(ts.ReadFile(args[0])), offset)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o644))
}

// printImage is the command "image FILE|DIR [PREFIX...]": it validates an
// image with an independent reader and prints its config and, below the
// prefixes, its files.
func printImage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: image FILE|DIR [PREFIX...]")
	}
	image, err := openImage(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(validImage(image))
	ts.Check(describeConfig(ts.Stdout(), image))
	ts.Check(describeFiles(ts.Stdout(), image, args[1:]))
}

func openImage(path string) (v1.Image, error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return tarball.ImageFromPath(path, nil)
	}
	index, err := layout.ImageIndexFromPath(path)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(manifest.Manifests) == 0 {
		return nil, errors.New("the layout's index is empty")
	}
	return index.Image(manifest.Manifests[0].Digest)
}

func describeConfig(w io.Writer, image v1.Image) error {
	file, err := image.ConfigFile()
	if err != nil {
		return err
	}
	c := file.Config
	_, err = fmt.Fprintf(w, "platform %s/%s\nuser %q\nentrypoint %q\ncmd %q\nenv %q\nworkdir %q\n",
		file.OS, file.Architecture, c.User, c.Entrypoint, c.Cmd, c.Env, c.WorkingDir)
	return err
}

func describeFiles(w io.Writer, image v1.Image, prefixes []string) error {
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			return err
		}
		defer content.Close()
		for archive := tar.NewReader(content); ; {
			h, err := archive.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
			if !below(h.Name, prefixes) {
				continue
			}
			fmt.Fprintf(w, "%c %04o %d:%d %s", h.Typeflag, h.Mode, h.Uid, h.Gid, h.Name)
			if h.Linkname != "" {
				fmt.Fprintf(w, " -> %s", h.Linkname)
			}
			fmt.Fprintln(w)
		}
	}
	return nil
}

func below(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}
