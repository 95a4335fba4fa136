package layer

import "os"

// A spool is a new run uncompressed, in the work folder, for the digest of the
// first layer that it comes to be in. It saves unpacking the run, which takes
// longer than writing and reading the file. Without a spool all works.

// maxSpool is how many bytes of runs are kept uncompressed at a time.
const maxSpool = 512 << 20

// newSpool makes a file for a run, nil where there is no room for it.
func (r *Runs) newSpool() *os.File {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.spooled > maxSpool {
		return nil
	}
	f, err := os.CreateTemp(r.work, "run-")
	if err != nil {
		return nil
	}
	return f
}

// spoolBlock keeps a block of the run uncompressed.
func (w *runFileWriter) spoolBlock(raw []byte) {
	if w.spool == nil {
		return
	}
	if _, err := w.spool.Write(raw); err != nil {
		w.dropSpool()
	}
}

// dropSpool removes the file, unless it was kept.
func (w *runFileWriter) dropSpool() {
	if w.spool != nil {
		w.spool.Close()
		os.Remove(w.spool.Name())
		w.spool = nil
	}
}

// keepSpool makes the file the run's. The caller holds r.mu.
func (w *runFileWriter) keepSpool(r *Runs) {
	if w.spool != nil && w.spool.Close() == nil {
		w.run.spool = w.spool.Name()
		r.spooled += w.run.raw
		w.spool = nil
	}
}

// takeSpool returns the run's file, opened and removed, so that its space is
// free when it is closed; nil where there is none.
func (r *Runs) takeSpool(run *runFile) *os.File {
	r.mu.Lock()
	defer r.mu.Unlock()
	if run.spool == "" {
		return nil
	}
	f, err := os.Open(run.spool)
	os.Remove(run.spool)
	run.spool = ""
	r.spooled -= run.raw
	if err != nil {
		return nil
	}
	return f
}
