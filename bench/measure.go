package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// bencher holds what all measurements share.
type bencher struct {
	runs    int
	alpine  string
	dir     string // of all files that are written
	mkimage string
	apko    string // empty: there is none
	spec    map[string]any
}

// sample is one run of a process.
type sample struct {
	wall time.Duration
	peak int64 // bytes of memory at most
}

// measure runs a step once unmeasured and then as often as asked for, in turn
// with apko, and prints its row.
func (b *bencher) measure(ctx context.Context, s step) error {
	var ours, theirs []sample
	var ratios []float64
	for i := range b.runs + 1 {
		if s.before != nil {
			if err := s.before(); err != nil {
				return err
			}
		}
		one, err := run(ctx, b.mkimage, s.args)
		if err != nil {
			return err
		}
		var other sample
		if b.apko != "" && s.apko != nil {
			if other, err = run(ctx, b.apko, s.apko); err != nil {
				return err
			}
		}
		if i == 0 {
			continue
		}
		ours = append(ours, one)
		if other.wall > 0 {
			theirs = append(theirs, other)
			ratios = append(ratios, float64(one.wall)/float64(other.wall))
		}
	}
	fmt.Printf("%-38s %10s %10s %7.0f MB %8s\n", s.name, medianWall(ours), medianWall(theirs), medianPeak(ours), medianRatio(ratios))
	return nil
}

// run runs a command to its end.
func run(ctx context.Context, program string, args []string) (sample, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var output bytes.Buffer
	cmd.Stderr = &output
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return sample{}, fmt.Errorf("%s: %w\n%s", cmd, err, output.Bytes())
	}
	s := sample{wall: time.Since(start)}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.peak = int64(usage.Maxrss)
		if runtime.GOOS != "darwin" {
			s.peak *= 1024 // kilobytes, but for macOS (getrusage(2))
		}
	}
	return s, nil
}

func medianWall(list []sample) string {
	if len(list) == 0 {
		return "-"
	}
	var all []time.Duration
	for _, s := range list {
		all = append(all, s.wall)
	}
	slices.Sort(all)
	return all[len(all)/2].Round(100 * time.Microsecond).String()
}

func medianPeak(list []sample) float64 {
	var all []int64
	for _, s := range list {
		all = append(all, s.peak)
	}
	slices.Sort(all)
	return float64(all[len(all)/2]) / (1 << 20)
}

func medianRatio(list []float64) string {
	if len(list) == 0 {
		return "-"
	}
	slices.Sort(list)
	return fmt.Sprintf("%.3f", list[len(list)/2])
}
