package repo

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mkimage/mkimage/internal/apktest"
	"github.com/mkimage/mkimage/internal/cache"
)

// fullDisk is a sink without space.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "/cache/packages/.tmp", Err: syscall.ENOSPC}
}
func (fullDisk) restart() error { return nil }

// TestFullDisk: no second attempt is made, and the error names the cache.
func TestFullDisk(t *testing.T) {
	server := apktest.Serve(t, map[string][]byte{"file": bytes.Repeat([]byte("x"), 1000)})
	c := &Client{RetryPause: time.Millisecond}
	d := &download{client: c, name: "file", url: server.URL + "/file", size: 1000, limit: 1000, to: fullDisk{}}
	_, err := d.run(t.Context())
	var write *writeError
	if !errors.As(err, &write) || len(server.Requests("")) != 1 {
		t.Fatalf("error %v after %d requests", err, len(server.Requests("")))
	}
	const want = "cannot write to the cache /cache: no space left on its disk; free some or name another folder with --cache-dir"
	if got := (cache.Folder{Dir: "/cache"}).Fault(write.err).Error(); got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}

// TestReasons has one row for each fault of a connection that a test cannot
// bring about everywhere.
func TestReasons(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{&net.DNSError{Err: "server misbehaving", Name: "host", IsTemporary: true}, "the host host cannot be resolved"},
		{&net.OpError{Op: "dial", Err: errors.New("network is unreachable")}, "the host cannot be reached: network is unreachable"},
		{&net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED}, "the proxy cannot be reached: connection refused"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "the server closes the connection without an answer"},
		{errors.New(`invalid proxy address "user:secret@proxy"`), "the environment's proxy variable is not a URL"},
		{&lastingError{syscall.ECONNREFUSED}, "the host refuses connections (4 attempts)"},
	} {
		if got := reason(test.err); got != test.want {
			t.Errorf("reason(%v) = %q, want %q", test.err, got, test.want)
		}
	}
	secret := &url.Error{Op: "Get", URL: "https://user:secret@host", Err: errors.New("some fault")}
	if got := transportFault(t.Context(), secret); strings.Contains(got.Error(), "user") {
		t.Errorf("transportFault = %q", got)
	}
}
