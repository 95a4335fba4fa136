package main

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/internal/network"
)

// parallel is how many requests a command makes side by side to one host.
const parallel = 8

const networkHelp = `  --ca FILE             trust these certificate authorities too
`

// networkFlags are shared by all commands that use the network.
type networkFlags struct{ ca string }

func (f *networkFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.ca, "ca", "", "")
}

// transport returns a transport without credentials.
func (f *networkFlags) transport() (http.RoundTripper, error) {
	var authorities *x509.CertPool
	if f.ca != "" {
		var err error
		if authorities, err = network.Authorities(f.ca); err != nil {
			return nil, err
		}
	}
	return network.NewTransport(authorities, parallel), nil
}

// private returns a transport with the credentials for package repositories:
// those of the helper first, which the command line names, then netrc's.
func (f *fetchFlags) private() (http.RoundTripper, error) {
	transport, err := f.transport()
	if err != nil {
		return nil, err
	}
	a := &repo.Authenticator{Transport: transport}
	if f.helper != "" {
		h, err := repo.NewHelper(f.helper)
		if err != nil {
			return nil, err
		}
		a.Sources = append(a.Sources, h)
	}
	a.Sources = append(a.Sources, netrcOf(os.Getenv("NETRC")))
	return a, nil
}

// netrcFile is a netrc file that is read when a server is first spoken to.
type netrcFile func() (*repo.Netrc, error)

// netrcOf returns the file that NETRC names, else the user's own, which need
// not be there.
func netrcOf(path string) netrcFile {
	return sync.OnceValues(func() (*repo.Netrc, error) {
		if path != "" {
			return repo.ReadNetrc(path)
		}
		home, err := os.UserHomeDir()
		if err != nil {
			return &repo.Netrc{}, nil
		}
		n, err := repo.ReadNetrc(filepath.Join(home, ".netrc"))
		if errors.Is(err, fs.ErrNotExist) {
			return &repo.Netrc{}, nil
		}
		return n, err
	})
}

// Login implements repo.LoginSource.
func (f netrcFile) Login(ctx context.Context, host string) (repo.Login, bool, error) {
	n, err := f()
	if err != nil {
		return repo.Login{}, false, err
	}
	return n.Login(ctx, host)
}
