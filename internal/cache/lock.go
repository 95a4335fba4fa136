package cache

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockName is the file that flock(2) is about. It is never removed.
const lockName = ".lock"

// Use makes the folder, if need be, and holds it against pruning until release
// is called or the process ends. It waits while the folder is pruned. The
// error is the context's or one of Fault, as for a folder that cannot be
// written.
func (f Folder) Use(ctx context.Context) (release func(), err error) {
	return f.lock(ctx, syscall.LOCK_SH)
}

// lock takes the lock and returns what gives it back. It tries again and again
// rather than wait in the kernel, where the context could not end it.
func (f Folder) lock(ctx context.Context, how int) (release func(), err error) {
	const pause = 50 * time.Millisecond
	if err := os.MkdirAll(f.Dir, 0o755); err != nil {
		return nil, f.Fault(err)
	}
	file, err := os.OpenFile(filepath.Join(f.Dir, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, f.Fault(err)
	}
	for {
		err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			file.Close()
			return nil, f.Fault(err)
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}
