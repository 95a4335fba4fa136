package registry

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// reference reads a name. Errors of package name speak of Go and are replaced.
func (c *Client) reference(s string) (name.Reference, error) {
	ref, err := name.ParseReference(s)
	if err != nil {
		return nil, fmt.Errorf("cannot push to %q: it is not a name such as ghcr.io/acme/web:1.0: %s", s, badName(err))
	}
	if c.plain(ref.Context().RegistryStr()) {
		// The name is known to be good.
		return name.ParseReference(s, name.Insecure)
	}
	return ref, nil
}

// badName is what package name says, without the name.
func badName(err error) string {
	text := err.Error()
	if s, ok := strings.CutPrefix(text, "could not parse reference: "); ok {
		return "no repository in " + s
	}
	return text
}

// plain reports whether a registry may be spoken to in plain HTTP: its packets
// stay on this machine, or the caller says so.
func (c *Client) plain(host string) bool {
	if slices.Contains(c.Insecure, host) {
		return true
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		if slices.Contains(c.Insecure, h) {
			return true
		}
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
