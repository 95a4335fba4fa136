package oci

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// WriteFolder writes releases as an OCI image layout to the folder dir. A
// layout that is there is replaced as a whole; a folder that holds anything
// else is refused.
//
// Errors begin "cannot write DIR"; an ended context passes as it is.
func WriteFolder(ctx context.Context, dir string, releases ...*Release) error {
	c, err := newContents(releases)
	if err != nil {
		return writeError(dir, err)
	}
	target, err := folderTarget(dir)
	if err != nil {
		return writeError(dir, err)
	}
	temp, err := mkdirBeside(target)
	if err != nil {
		return writeError(dir, err)
	}
	// After the exchange, temp is the folder that was there before.
	defer os.RemoveAll(temp)
	if err := c.writeFiles(ctx, temp); err != nil {
		return writeError(dir, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// What the folder holds may have changed meanwhile.
	if _, err := folderTarget(dir); err != nil {
		return writeError(dir, err)
	}
	if err := putInPlace(temp, target); err != nil {
		return writeError(dir, err)
	}
	return nil
}

// CheckFolder returns the error that WriteFolder would end with because of
// the folder, so that a build can fail before it works.
func CheckFolder(dir string) error {
	if _, err := folderTarget(dir); err != nil {
		return writeError(dir, err)
	}
	return nil
}

func (c *contents) writeFiles(ctx context.Context, dir string) error {
	blobs := filepath.Join(dir, "blobs", "sha256")
	if err := os.MkdirAll(blobs, 0o777); err != nil {
		return err
	}
	for _, b := range c.blobs {
		if err := writeBlob(ctx, filepath.Join(blobs, b.digest.Hex), b); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "index.json"), c.index, 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "oci-layout"), c.layout, 0o666)
}

func writeBlob(ctx context.Context, path string, b blob) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	return errors.Join(b.copyTo(ctx, f), f.Close())
}

// folderTarget returns where the layout goes, with symlinks resolved.
func folderTarget(dir string) (string, error) {
	target, err := resolve(dir)
	if err != nil {
		return "", err
	}
	info, err := os.Lstat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return target, nil
	case err != nil:
		return "", err
	case !info.IsDir():
		return "", errors.New("it is not a folder")
	}
	return target, checkLayout(target)
}

// checkLayout refuses a folder that is neither empty nor an OCI layout and
// nothing else: all of it is going to be removed.
func checkLayout(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return err
	}
	marked := false
	for _, e := range entries {
		switch e.Name() {
		case "oci-layout":
			marked = true
		case "index.json", "manifest.json", "blobs":
		default:
			return fmt.Errorf("the folder holds %s, which is no part of an OCI image layout; name another or an empty one", e.Name())
		}
	}
	if !marked {
		return errors.New("the folder is not empty and holds no OCI image layout; name another or an empty one")
	}
	return nil
}

// IsFolder reports whether an output is to be a folder: its name ends with a
// slash or it is a folder already.
func IsFolder(output string) bool {
	if strings.HasSuffix(output, "/") || strings.HasSuffix(output, string(filepath.Separator)) {
		return true
	}
	info, err := os.Stat(output)
	return err == nil && info.IsDir()
}
