package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"unicode/utf8"
)

// maxFile caps the size of a file of a spec in bytes. CUE takes some thirty
// times as much memory for it.
const maxFile = 4 << 20

var errTooLarge = fmt.Errorf("larger than %d MiB, the most that a file of a spec may be", maxFile>>20)

// readFile returns the content of a regular file up to maxFile. It does not
// wait for a writer if the file is a fifo.
func readFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
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

// cutMark returns content without the byte order mark that some editors put
// before UTF-8.
func cutMark(content []byte) []byte { return bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")) }

// notText returns the offset of the first byte that is no text in UTF-8, or -1.
// Readers of CUE and JSON would put another character in the place of such
// bytes, and name each as a fault of syntax in a file that is no text at all.
func notText(content []byte) int {
	for i := 0; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// placeOf returns the line and the column of a byte of content, from 1.
func placeOf(content []byte, offset int) (line, column int) {
	before := content[:offset]
	return bytes.Count(before, []byte("\n")) + 1, offset - bytes.LastIndexByte(before, '\n')
}
