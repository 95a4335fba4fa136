package registrytest

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// User and Password are who may use a registry that Start was told to lock.
const (
	User     = "builder"
	Password = "secret-1"
	// bcrypt is of Password.
	bcrypt = "$2y$04$eGwQPwE7tKQI2Wt7mPJ4feiKzap5VzXZoV6Dqw4/ScVDuFWI9d0Fm"
)

// Start starts Debian's docker-registry with an empty store for the length of
// the test and returns its "127.0.0.1:PORT". locked has it ask for User and
// Password. Where it is not installed the test is skipped, or fails if CI is
// "true".
func Start(tb testing.TB, locked bool) (host string) {
	tb.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("docker-registry is needed: %v", err)
		}
		tb.Skip("docker-registry is not installed")
	}
	dir := tb.TempDir()
	host = freeHost(tb)
	config := fmt.Sprintf("version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %q}\n",
		filepath.Join(dir, "store"), host)
	if locked {
		users := filepath.Join(dir, "users")
		write(tb, users, User+":"+bcrypt+"\n")
		config += fmt.Sprintf("auth: {htpasswd: {realm: test, path: %q}}\n", users)
	}
	file := filepath.Join(dir, "config.yml")
	write(tb, file, config)
	var said bytes.Buffer
	cmd := exec.Command(program, "serve", file)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 200 {
		response, err := http.Get("http://" + host + "/v2/")
		if err == nil {
			response.Body.Close()
			return host
		}
		time.Sleep(50 * time.Millisecond)
	}
	tb.Fatalf("docker-registry does not start:\n%s", &said)
	return ""
}

func freeHost(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func write(tb testing.TB, path, content string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
}
