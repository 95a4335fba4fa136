package main

import (
	"io/fs"
	"syscall"
)

// inodeOf returns a file's inode and when that was changed, in nanoseconds
// since 1970.
func inodeOf(info fs.FileInfo) (inode uint64, changed int64, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return s.Ino, s.Ctimespec.Nano(), true
}
