package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/assemble/docker"
	"github.com/mkimage/mkimage/assemble/layer"
	"github.com/mkimage/mkimage/assemble/oci"
	"github.com/mkimage/mkimage/assemble/registry"
	"github.com/mkimage/mkimage/spec"
)

const deliverHelp = `  -o, --output FILE     an archive for OCI tools and "docker load"
                        (default: NAME.tar beside the spec); repeatable
  -o, --output DIR/     an OCI image layout; or oci:DIR, oci-archive:FILE,
                        docker-archive:FILE, as skopeo names them
  --push                push to the image's name, under every tag
  --load                load into Docker
  --tag TAG             in place of the spec's tags; repeatable
  --compression METHOD  gzip or zstd, or with a level: gzip:9 (default: gzip:6)
`

const registryHelp = `  --insecure-registry HOST   allow plain HTTP to it; repeatable
`

// deliverFlags say where images go.
type deliverFlags struct {
	registryFlags
	outputs    []string
	push       bool
	intoDocker bool
	tags       []string
	method     string // --compression

	compression layer.Compression
}

func (f *deliverFlags) register(cmd *cobra.Command) {
	f.registryFlags.register(cmd)
	cmd.Flags().StringArrayVarP(&f.outputs, "output", "o", nil, "")
	cmd.Flags().BoolVar(&f.push, "push", false, "")
	cmd.Flags().BoolVar(&f.intoDocker, "load", false, "")
	cmd.Flags().Var(&listFlag{"tag", &f.tags, checkTag}, "tag", "")
	cmd.Flags().StringVar(&f.method, "compression", "gzip", "")
}

// understood reports whether the command line can be.
func (f *deliverFlags) understood(cmd *cobra.Command) error {
	var err error
	if f.compression, err = layer.ParseCompression(f.method); err != nil {
		return usageError{cmd.CommandPath(), err}
	}
	if f.compression.IsZstd() && f.intoDocker {
		return fmt.Errorf("cannot load into Docker with zstd: %s", noZstd)
	}
	for _, text := range f.outputs {
		if _, err := parseOutput(text); err != nil {
			return usageError{cmd.CommandPath(), err}
		}
	}
	return nil
}

// noZstd is why an archive for Docker has no zstd.
const noZstd = "archives for \"docker load\" say nothing of compression, and Docker and other readers of them expect gzip; " +
	"zstd is for --push, oci:DIR and oci-archive:FILE"

// registryFlags are shared by all commands that use registries.
type registryFlags struct{ insecure []string }

func (f *registryFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.insecure, "insecure-registry", nil, "")
}

// registry returns a client of registries.
func (f *registryFlags) registry(network *networkFlags, bar registry.Progress) (*registry.Client, error) {
	transport, err := network.transport()
	if err != nil {
		return nil, err
	}
	return &registry.Client{Transport: transport, Insecure: f.insecure, Progress: bar}, nil
}

// batch is images that are made and delivered together.
type batch struct {
	images       []*spec.Image
	outputs      []*output
	destinations []destination

	values     string   // digest of what decides the images, but for content
	sources    []string // files and folders that the images take content of
	releases   []*oci.Release
	documents  []oci.Document // about the releases
	references []string       // of the images
}

// destination is where images go that is no file.
type destination interface {
	// deliver brings releases there, each whole or not at all.
	deliver(ctx context.Context, releases []*oci.Release) error
	// String says what deliver does.
	String() string
}

// sendingError is what was under way when the command was interrupted: others
// may have a part of it.
type sendingError struct {
	what destination
	err  error
}

func (e *sendingError) Error() string {
	return fmt.Sprintf("interrupted while %s; what has arrived stays there", e.what)
}
func (e *sendingError) Unwrap() error { return e.err }

// interruptedWhile says what an interruption ended. Other errors are as they
// are.
func interruptedWhile(ctx context.Context, what destination, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return &sendingError{what, err}
}

// present returns the references of images that are already wherever they are
// to go; nil where they are not, or where that is not known.
func (t *batch) present() []string {
	var references []string
	for _, out := range t.outputs {
		if out.present == nil {
			return nil
		}
		references = out.present.References
	}
	if len(t.destinations) > 0 {
		return nil
	}
	return references
}

// arrange finds out who takes the images that are to be pushed and loaded, so
// that a build can fail before it works. Registries come last: others see them.
func (f *deliverFlags) arrange(ctx context.Context, b *builder, batches []*batch) error {
	var to []destination
	if f.intoDocker {
		d, err := dockerDaemon(ctx)
		if err != nil {
			return err
		}
		to = append(to, d)
	}
	if f.push {
		client, err := f.registry(&b.fetcher.network, b.bar)
		if err != nil {
			return err
		}
		for _, t := range batches {
			for _, img := range t.images {
				if err := client.Check(ctx, oci.FullNames(img, f.tags)); err != nil {
					return err
				}
			}
		}
		to = append(to, &pushing{client})
	}
	for _, t := range batches {
		t.destinations = to
	}
	return nil
}

// pushing is the destination of --push: each image's own name.
type pushing struct{ client *registry.Client }

func (p *pushing) String() string { return "pushing" }

func (p *pushing) deliver(ctx context.Context, releases []*oci.Release) error {
	for _, r := range releases {
		img := registry.Image{Names: r.Tags(), Referrers: r.Referrers(), Manifest: r.Image()}
		if r.Index() != nil {
			img.Manifest = r.Index()
		}
		if err := p.client.Push(ctx, img); err != nil {
			return err
		}
	}
	return nil
}

// loading is the destination of --load.
type loading struct{ daemon *docker.Daemon }

// dockerDaemon finds the daemon that the docker command would use.
func dockerDaemon(ctx context.Context) (*loading, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // then there is no configuration
	}
	endpoint, err := docker.Find(docker.Environment{Getenv: os.Getenv, Home: home})
	if err != nil {
		return nil, err
	}
	daemon, err := docker.Connect(ctx, endpoint)
	return &loading{daemon}, err
}

func (l *loading) String() string { return "loading into Docker" }

// deliver loads each release's image for the daemon's platform, or its only
// one.
func (l *loading) deliver(ctx context.Context, releases []*oci.Release) error {
	var chosen []*oci.Release
	for _, r := range releases {
		if r.Index() != nil {
			own, err := r.For(l.daemon.OS, l.daemon.Arch)
			if err != nil {
				return err
			}
			if own == nil {
				return fmt.Errorf("cannot load %s into Docker: it has no image for the daemon's platform %s/%s; choose one with --platform",
					r.Tags()[0], l.daemon.OS, l.daemon.Arch)
			}
			r = own
		}
		chosen = append(chosen, r)
	}
	return l.daemon.Load(ctx, func(ctx context.Context, w io.Writer) error {
		err := oci.SendDockerArchive(ctx, w, chosen...)
		if err != nil && ctx.Err() == nil && !errors.Is(err, io.ErrClosedPipe) {
			err = fmt.Errorf("cannot load into Docker: %w", err)
		}
		return err
	})
}
