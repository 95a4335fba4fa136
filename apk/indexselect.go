package apk

import (
	"bytes"
	"fmt"
)

// Without returns the index as it would be without some of its packages: those
// of the numbers for which drop is true. The error is that of reading the
// text of an index that OpenIndex opened.
func (x *Index) Without(drop func(p uint32) bool) (*Index, error) {
	var text bytes.Buffer
	dropped := false
	for p := range x.Len() {
		if drop(uint32(p)) {
			dropped = true
			continue
		}
		start, end := x.table.entry(p)
		lines := make([]byte, end-start)
		if _, err := x.text.ReadAt(lines, int64(start)); err != nil {
			return nil, err
		}
		text.Write(lines)
	}
	if !dropped {
		return x, nil
	}
	rest, err := ParseIndex(text.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	rest.description = x.description
	return rest, nil
}
