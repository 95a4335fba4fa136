package main

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mkimage/mkimage/internal/registrytest"
)

// serveRegistry is the command "registry NAME [KIND STATUS]": a registry for the
// rest of the script, its host and port in $NAME. Requests of a kind, as
// registrytest has them, are answered with a status.
func serveRegistry(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 && len(args) != 3 {
		ts.Fatalf("usage: registry NAME [KIND STATUS]")
	}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(args) == 3 && registrytest.Kind(r) == args[1] {
			var status int
			fmt.Sscan(args[2], &status)
			w.WriteHeader(status)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], strings.TrimPrefix(server.URL, "http://"))
}

// printRemote is the command "remote NAME": it pulls and validates an image
// with an independent client and prints its digest and what refers to it.
func printRemote(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] remote NAME")
	}
	ref, err := name.ParseReference(args[0])
	ts.Check(err)
	d, err := remote.Get(ref)
	if neg {
		if err == nil {
			ts.Fatalf("%s is there", ref)
		}
		return
	}
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), d.Digest)
	images := []v1.Hash{d.Digest}
	if d.MediaType.IsIndex() {
		index, err := d.ImageIndex()
		ts.Check(err)
		ts.Check(validate.Index(index))
		m, err := index.IndexManifest()
		ts.Check(err)
		for _, child := range m.Manifests {
			images = append(images, child.Digest)
		}
	} else {
		image, err := d.Image()
		ts.Check(err)
		ts.Check(validImage(image))
	}
	for _, h := range images {
		list, err := remote.Referrers(ref.Context().Digest(h.String()))
		ts.Check(err)
		m, err := list.IndexManifest()
		ts.Check(err)
		for _, r := range m.Manifests {
			fmt.Fprintf(ts.Stdout(), "%s %s\n", r.ArtifactType, r.Digest)
		}
	}
}

// servePrivate is the command "serveprivate NAME DIR": as serve, over HTTPS, for
// the user builder with the password secret-1. The authority's certificate is
// written to ca.pem, and every Authorization field that comes to logins.
func servePrivate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serveprivate NAME DIR")
	}
	files := http.FileServer(http.Dir(ts.MkAbs(args[1])))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "builder" || password != "secret-1" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		files.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
	ts.Setenv(args[0]+"_HOST", strings.TrimPrefix(server.URL, "https://"))
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), ca, 0o644))
}

// validImage validates an image with go-containerregistry's validator. That
// knows no zstd: of such layers the content is compared here.
func validImage(image v1.Image) error {
	m, err := image.Manifest()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(m.Layers, func(d v1.Descriptor) bool { return d.MediaType == types.OCILayerZStd }) {
		return validate.Image(image)
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for _, l := range layers {
		want, err := l.DiffID()
		if err != nil {
			return err
		}
		content, err := l.Uncompressed()
		if err != nil {
			return err
		}
		defer content.Close()
		if got, _, err := v1.SHA256(content); err != nil || got != want {
			return fmt.Errorf("a layer unpacks to %s, %v; its diffID is %s", got, err, want)
		}
	}
	return validate.Image(image, validate.Fast)
}
