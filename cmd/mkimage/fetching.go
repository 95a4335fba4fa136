package main

import (
	"crypto/rsa"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/internal/cache"
)

const fetchHelp = `  --cache-dir DIR       where fetched files are kept (default: the user's cache folder)
  --offline             use the cache and folders only
  --mirror FROM=TO      fetch what a URL starting with FROM names from TO, a URL
                        or a folder; repeatable
` + networkHelp + `  --credential-helper NAME   ask docker-credential-NAME for passwords of
                        repositories; without it, netrc has them
`

// fetchFlags are shared by all commands that fetch.
type fetchFlags struct {
	networkFlags
	cacheDir string
	offline  bool
	mirrors  []string
	helper   string
}

func (f *fetchFlags) register(cmd *cobra.Command) {
	f.networkFlags.register(cmd)
	cmd.Flags().StringVar(&f.helper, "credential-helper", "", "")
	cmd.Flags().StringVar(&f.cacheDir, "cache-dir", "", "")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "")
	cmd.Flags().StringArrayVar(&f.mirrors, "mirror", nil, "")
}

// cacheFolder returns the cache of the flag --cache-dir, or without it the
// user's.
func cacheFolder(flag string) (cache.Folder, error) {
	if flag != "" {
		return cache.Folder{Dir: flag}, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return cache.Folder{}, fmt.Errorf("cannot find a cache folder: %w; name one with --cache-dir", err)
	}
	return cache.Folder{Dir: filepath.Join(dir, "mkimage")}, nil
}

// fetcher makes the clients of one command. Those who trust the same keys share
// a client, and with it each index that was read.
type fetcher struct {
	cacheDir string
	offline  bool
	mirrors  []repo.Mirror
	network  networkFlags
	// transport is of all clients, so that connections are used again.
	transport http.RoundTripper
	progress  repo.Progress
	known     func(*apk.Archive) bool // see repo.Client

	mu      sync.Mutex
	clients []*repo.Client
}

// fetcher returns what the flags describe. Relative paths in them are taken
// from the working directory.
func (f *fetchFlags) fetcher(cmd *cobra.Command, progress repo.Progress) (*fetcher, error) {
	base, err := workingFolder()
	if err != nil {
		return nil, err
	}
	folder, err := cacheFolder(f.cacheDir)
	if err != nil {
		return nil, err
	}
	made := &fetcher{cacheDir: folder.Dir, offline: f.offline, network: f.networkFlags, progress: progress}
	for _, s := range f.mirrors {
		m, err := repo.ParseMirror(s, base)
		if err != nil {
			return nil, usageError{cmd.CommandPath(), err}
		}
		made.mirrors = append(made.mirrors, m)
	}
	made.transport, err = f.private()
	return made, err
}

// client returns the client that trusts exactly the given keys.
func (f *fetcher) client(keys apk.Keys) *repo.Client {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.clients {
		if maps.EqualFunc(c.Keys, keys, func(a, b *rsa.PublicKey) bool { return a.Equal(b) }) {
			return c
		}
	}
	c := &repo.Client{CacheDir: f.cacheDir, Keys: keys, Mirrors: f.mirrors, Offline: f.offline,
		Transport: f.transport, Progress: f.progress, Known: f.known}
	f.clients = append(f.clients, c)
	return c
}

// specFlags are shared by all commands that read specs.
type specFlags struct {
	platforms []string
	tags      []string // -D
}

const specHelp = `  -D KEY=VALUE          fill the spec's fields with the attribute @tag(KEY)
  --platform OS/ARCH    in place of the spec's platforms; repeatable
`

func (f *specFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&f.tags, "define", "D", nil, "")
	cmd.Flags().Var(&listFlag{"platform", &f.platforms, checkPlatform}, "platform", "")
}
