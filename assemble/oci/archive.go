package oci

import (
	"archive/tar"
	"context"
	"io"
	"os"
	"time"
)

// WriteArchive writes releases as one tar archive to the file path, which is
// replaced. The archive is both an OCI image layout (what skopeo and podman
// call oci-archive) and what "docker save" writes, with manifest.json beside
// the layout and leading to the same blobs, so that every Docker loads it.
//
// Errors begin "cannot write PATH"; an ended context passes as it is.
func WriteArchive(ctx context.Context, path string, releases ...*Release) error {
	c, err := newContents(releases)
	return c.writeFile(ctx, path, err)
}

// WriteOCIArchive is [WriteArchive] without what Docker's format needs: an OCI
// image layout and nothing else.
func WriteOCIArchive(ctx context.Context, path string, releases ...*Release) error {
	c, err := newContents(releases)
	if err == nil {
		c.docker = nil
	}
	return c.writeFile(ctx, path, err)
}

// WriteDockerArchive is [WriteArchive] without the layout: what skopeo calls
// docker-archive. It knows no index and no attachments, so that every release
// must be of one platform.
func WriteDockerArchive(ctx context.Context, path string, releases ...*Release) error {
	c, err := newDockerContents(releases)
	return c.writeFile(ctx, path, err)
}

// SendDockerArchive writes what WriteDockerArchive would to w. Errors of w are
// returned as they are.
func SendDockerArchive(ctx context.Context, w io.Writer, releases ...*Release) error {
	c, err := newDockerContents(releases)
	if err != nil {
		return err
	}
	return c.writeTar(ctx, w)
}

// writeFile writes the archive to a file, unless there was an error before.
func (c *contents) writeFile(ctx context.Context, path string, err error) error {
	if err != nil {
		return writeError(path, err)
	}
	target, err := archiveTarget(path)
	if err != nil {
		return writeError(path, err)
	}
	f, err := createBeside(target)
	if err != nil {
		return writeError(path, err)
	}
	err = c.writeTar(ctx, f)
	// Close reports what network file systems and quotas hold back. There is
	// no fsync(2): a build that a power cut hit is made again.
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = os.Rename(f.Name(), target)
	}
	if err != nil {
		os.Remove(f.Name())
		return writeError(path, err)
	}
	return nil
}

// CheckArchive returns the error that WriteArchive would end with because of
// the path, so that a build can fail before it works.
func CheckArchive(path string) error {
	if _, err := archiveTarget(path); err != nil {
		return writeError(path, err)
	}
	return nil
}

// writeTar writes the archive: the small files that tell what it is, then the
// blobs sorted by digest. Headers are the same on every machine: root's,
// dated 1970.
func (c *contents) writeTar(ctx context.Context, w io.Writer) error {
	tw := tar.NewWriter(w)
	for _, f := range []struct {
		name    string
		content []byte
	}{{"oci-layout", c.layout}, {"index.json", c.index}, {"manifest.json", c.docker}} {
		if f.content == nil {
			continue
		}
		if err := tw.WriteHeader(fileHeader(f.name, int64(len(f.content)))); err != nil {
			return err
		}
		if _, err := tw.Write(f.content); err != nil {
			return err
		}
	}
	for _, dir := range []string{"blobs/", "blobs/sha256/"} {
		if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755, ModTime: time.Unix(0, 0)}); err != nil {
			return err
		}
	}
	for _, b := range c.blobs {
		if err := tw.WriteHeader(fileHeader(b.path(), b.size)); err != nil {
			return err
		}
		if err := b.copyTo(ctx, tw); err != nil {
			return err
		}
	}
	return tw.Close()
}

func fileHeader(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644, ModTime: time.Unix(0, 0)}
}
