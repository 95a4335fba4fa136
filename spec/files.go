package spec

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// maxFile caps the size of a file of a spec in bytes. CUE takes some thirty
// times as much memory for it.
const maxFile = 4 << 20

var errTooLarge = fmt.Errorf("larger than %d MiB, the most that a file of a spec may be", maxFile>>20)

// readFile returns the content of a regular file up to maxFile.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = errTooLarge
	}
	return content, err
}
