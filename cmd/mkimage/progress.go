package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress shows on a terminal what takes long: one line, drawn over and wiped
// away at the end. Where standard error is no terminal it shows nothing.
type progress struct {
	w     *os.File // nil where nothing is shown
	mu    sync.Mutex
	verb  string // what the files are about
	files map[string]transfer
	drawn time.Time // or begun: what is over at once shows nothing
	shown bool
}

type transfer struct{ done, size int64 }

// redraw is the least time between two drawings.
const redraw = 100 * time.Millisecond

func newProgress(w io.Writer) *progress {
	p := &progress{files: map[string]transfer{}, drawn: time.Now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		p.w = f
	}
	return p
}

// Fetching takes note of a download's state.
func (p *progress) Fetching(name string, done, size int64) {
	p.transferred("fetching", name, done, size)
}

// Sending takes note of an upload's state.
func (p *progress) Sending(digest string, done, size int64) {
	p.transferred("sending", digest, done, size)
}

func (p *progress) transferred(verb, name string, done, size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.verb != verb {
		p.verb, p.files = verb, map[string]transfer{}
	}
	p.files[name] = transfer{done, size}
	var all transfer
	finished := 0
	for _, t := range p.files {
		all.done += t.done
		all.size += t.size
		if t.done == t.size {
			finished++
		}
	}
	p.draw("%s %d of %d, %.1f of %.1f MB: %s", verb, finished, len(p.files), mega(all.done), mega(all.size), name)
}

// step says what is done now.
func (p *progress) step(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draw(format, args...)
}

// done wipes the line away.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

func (p *progress) draw(format string, args ...any) {
	if p.w == nil || time.Since(p.drawn) < redraw {
		return
	}
	line := []rune(fmt.Sprintf(format, args...))
	if width, _, err := term.GetSize(int(p.w.Fd())); err == nil && len(line) >= width && width > 0 {
		line = line[:width-1]
	}
	fmt.Fprintf(p.w, "\r%s\x1b[K", string(line))
	p.drawn, p.shown = time.Now(), true
}

func mega(bytes int64) float64 { return float64(bytes) / 1e6 }
