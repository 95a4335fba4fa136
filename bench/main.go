// Command bench measures mkimage from outside, whole processes from start to
// exit, and prints a table of medians. Where apko is on PATH, it builds the same
// packages from the same folder in turn with mkimage, and the table has the
// ratios, each the median over the pairs.
//
//	MKIMAGE_ALPINE=DIR go run ./bench [-runs N] [-images N,N]
//
// DIR is a folder of real packages as the tests use it: DIR/lab is a repository
// for x86_64, DIR/keys has its keys, DIR/v3.19/main and community have indexes.
// Nothing is judged: there is no threshold, and the machine should be idle.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	runs := flag.Int("runs", 7, "how often each command runs")
	images := flag.String("images", "1,10,100", "how many images a build makes, for the growth with images")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx, *runs, *images); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, runs int, images string) error {
	alpine := os.Getenv("MKIMAGE_ALPINE")
	if alpine == "" {
		return fmt.Errorf("MKIMAGE_ALPINE names no folder of real packages")
	}
	alpine, err := filepath.Abs(alpine)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mkimage-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bencher{runs: runs, alpine: alpine, dir: dir, mkimage: filepath.Join(dir, "mkimage")}
	build := exec.CommandContext(ctx, "go", "build", "-o", b.mkimage, "github.com/mkimage/mkimage/cmd/mkimage")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("cannot build mkimage: %w", err)
	}
	b.apko, err = exec.LookPath("apko")
	if err != nil {
		fmt.Println("apko is not on PATH: there are no ratios")
	}
	if err := b.writeInputs(); err != nil {
		return err
	}
	fmt.Printf("%-38s %10s %10s %10s %8s\n", "", "mkimage", "apko", "peak", "ratio")
	for _, step := range b.steps() {
		if err := b.measure(ctx, step); err != nil {
			return err
		}
	}
	for count := range strings.SplitSeq(images, ",") {
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 {
			return fmt.Errorf("cannot make %q images", count)
		}
		if err := b.measureImages(ctx, n); err != nil {
			return err
		}
	}
	return nil
}
