package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/internal/cache"
)

const cacheHelp = `mkimage cache prints what is kept between builds: how many files of each kind, and
their size. A build without the cache takes longer and comes to the same bytes.

  mkimage cache prune --max-size SIZE   remove what was not used for longest

  --cache-dir DIR       where it is (default: the user's cache folder)

The kinds:
  indexes     repositories' indexes, signed, and parsed
  packages    package files that were fetched
  contents    what packages ship, as lists
  runs        packages' parts of layers, compressed
  layers      sums of layers' starts
  images      what outputs hold, to see that nothing changed
  temporary   files that builds are writing, or killed builds have left

Example:
  mkimage cache
`

const pruneHelp = `mkimage cache prune removes what was not used for longest until the cache is small
enough, and what killed builds have left. It waits for builds that are running.

  --max-size SIZE       bytes to keep, such as 500MB or 2GB; 0 removes all
  --cache-dir DIR       where the cache is (default: the user's cache folder)

Example:
  mkimage cache prune --max-size 2GB
`

func newCache(stdout io.Writer) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "cache",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{cmd.CommandPath(), fmt.Errorf("unknown command %q", "cache "+args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			folder, err := cacheFolder(dir)
			if err != nil {
				return err
			}
			return printUsage(stdout, folder)
		},
	}
	cmd.Flags().StringVar(&dir, "cache-dir", "", "")
	setHelp(cmd, cacheHelp)
	cmd.AddCommand(newPrune(stdout))
	return cmd
}

func newPrune(stdout io.Writer) *cobra.Command {
	var dir, size string
	cmd := &cobra.Command{
		Use: "prune --max-size SIZE",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{cmd.CommandPath(), fmt.Errorf("%s takes no %q", cmd.CommandPath(), args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if size == "" {
				return usageError{cmd.CommandPath(), fmt.Errorf("%s needs --max-size, such as --max-size 2GB", cmd.CommandPath())}
			}
			limit, err := parseSize(size)
			if err != nil {
				return usageError{cmd.CommandPath(), err}
			}
			folder, err := cacheFolder(dir)
			if err != nil {
				return err
			}
			p, err := folder.Prune(cmd.Context(), limit)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(stdout, "removed %d files, %.1f MB; %.1f MB are left\n", p.Count, mega(p.Bytes), mega(p.Left))
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "cache-dir", "", "")
	cmd.Flags().StringVar(&size, "max-size", "", "")
	setHelp(cmd, pruneHelp)
	return cmd
}

// printUsage prints the cache's folder, then a line for each kind.
func printUsage(w io.Writer, folder cache.Folder) error {
	usage, err := folder.Usage()
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", folder.Dir)
	count, bytes := 0, int64(0)
	for _, u := range usage {
		if u.Kind == "" {
			u.Kind = "temporary"
		}
		fmt.Fprintf(&b, "%-10s %6d %10.1f MB\n", u.Kind, u.Count, mega(u.Bytes))
		count, bytes = count+u.Count, bytes+u.Bytes
	}
	fmt.Fprintf(&b, "%-10s %6d %10.1f MB\n", "all", count, mega(bytes))
	_, err = io.WriteString(w, b.String())
	return err
}

// parseSize reads a number of bytes with a unit: B, kB, MB, GB, TB, powers of
// 1000, or KiB, MiB, GiB, TiB, powers of 1024. No unit is bytes.
func parseSize(s string) (int64, error) {
	fault := fmt.Errorf("cannot use the size %q: it must be a number and a unit, such as 500MB or 2GB", s)
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	factor, ok := map[string]float64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	}[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	n, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(n >= 0 && n*factor < 1<<62) || strings.ContainsAny(digits, "eExX+_-") {
		return 0, fault
	}
	return int64(n * factor), nil
}
