package docker

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/mkimage/mkimage/internal/network"
)

// defaultSocket is where Docker listens unless it is told otherwise.
const defaultSocket = "unix:///var/run/docker.sock"

// Endpoint is where a daemon is.
type Endpoint struct {
	host string // as Docker writes it
	url  *url.URL
	tls  *tls.Config // nil: none
}

// String returns where the daemon is as DOCKER_HOST would have it.
func (e Endpoint) String() string { return e.host }

// Environment is what decides which daemon is used.
type Environment struct {
	Getenv func(name string) string
	Home   string // the user's folder; empty where there is none
}

// Find returns the endpoint that the docker command would use.
func Find(env Environment) (Endpoint, error) {
	if host := env.Getenv("DOCKER_HOST"); host != "" {
		e, err := parse(host)
		if err != nil {
			return Endpoint{}, fmt.Errorf("cannot use DOCKER_HOST=%q: %w", host, err)
		}
		if env.Getenv("DOCKER_TLS_VERIFY") == "" || e.url.Scheme == "unix" {
			return e, nil
		}
		dir := env.Getenv("DOCKER_CERT_PATH")
		if dir == "" {
			dir = env.configFolder()
		}
		if e.tls, err = certificates(dir); err != nil {
			return Endpoint{}, fmt.Errorf("cannot use DOCKER_TLS_VERIFY with the certificates of %s: %w", dir, err)
		}
		return e, nil
	}
	name, err := env.contextName()
	if err != nil {
		return Endpoint{}, err
	}
	if name == "" || name == "default" {
		return parse(defaultSocket)
	}
	e, err := env.context(name)
	if err != nil {
		return Endpoint{}, fmt.Errorf("cannot use Docker's context %q: %w", name, err)
	}
	return e, nil
}

// parse reads a host in Docker's form.
func parse(host string) (Endpoint, error) {
	u, err := url.Parse(host)
	if err != nil {
		return Endpoint{}, errors.New("it is not of the form unix:///PATH or tcp://HOST:PORT")
	}
	switch {
	case u.Scheme == "unix" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
		return Endpoint{host: host, url: u}, nil
	case u.Scheme == "tcp" && u.Port() != "" && u.User == nil && strings.Trim(u.Path, "/") == "":
		return Endpoint{host: host, url: u}, nil
	case u.Scheme == "ssh":
		return Endpoint{}, errors.New("mkimage does not use ssh; write an archive and pipe it: ssh HOST docker load < FILE")
	}
	return Endpoint{}, errors.New("it is not of the form unix:///PATH or tcp://HOST:PORT")
}

// base returns the start of a request's URL.
func (e Endpoint) base() string {
	switch {
	case e.url.Scheme == "unix":
		return "http://docker" // names no machine
	case e.tls != nil:
		return "https://" + e.url.Host
	}
	return "http://" + e.url.Host
}

func (e Endpoint) transport() http.RoundTripper {
	t := network.NewTransport(nil, 1)
	t.ResponseHeaderTimeout = 0 // the daemon answers when it has unpacked the image
	t.TLSClientConfig = e.tls
	if e.url.Scheme == "unix" {
		t.Proxy = nil
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: dialLimit}).DialContext(ctx, "unix", e.url.Path)
		}
	}
	return t
}

// certificates reads ca.pem, cert.pem and key.pem of a folder, the last two if
// they are there.
func certificates(dir string) (*tls.Config, error) {
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	ca, err := small(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return nil, err
	}
	if !config.RootCAs.AppendCertsFromPEM(ca) {
		return nil, errors.New("there is no certificate in ca.pem")
	}
	cert, err := small(filepath.Join(dir, "cert.pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return config, nil
	}
	if err != nil {
		return nil, err
	}
	key, err := small(filepath.Join(dir, "key.pem"))
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("cert.pem and key.pem: %w", err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

func (e Environment) configFolder() string {
	if dir := e.Getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	return filepath.Join(e.Home, ".docker")
}

// contextName returns the context in use; empty is the default one.
func (e Environment) contextName() (string, error) {
	if name := e.Getenv("DOCKER_CONTEXT"); name != "" {
		return name, nil
	}
	file := filepath.Join(e.configFolder(), "config.json")
	content, err := small(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	var config struct{ CurrentContext string }
	if err == nil {
		err = json.Unmarshal(content, &config)
	}
	if err != nil {
		return "", fmt.Errorf("cannot read Docker's configuration %s: %w", file, bare(err))
	}
	return config.CurrentContext, nil
}

// context reads a context of Docker's store: meta.json in a folder named by the
// SHA-256 of the context's name (docker/cli, cli/context/store).
func (e Environment) context(name string) (Endpoint, error) {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	content, err := small(filepath.Join(e.configFolder(), "contexts", "meta", id, "meta.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return Endpoint{}, errors.New("there is no such context")
	}
	var meta struct {
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	if err == nil {
		err = json.Unmarshal(content, &meta)
	}
	if err != nil {
		return Endpoint{}, bare(err)
	}
	found := meta.Endpoints["docker"]
	endpoint, err := parse(found.Host)
	if err != nil {
		return Endpoint{}, fmt.Errorf("its host %q: %w", found.Host, err)
	}
	dir := filepath.Join(e.configFolder(), "contexts", "tls", id, "docker")
	if _, err := os.Stat(dir); err != nil || endpoint.url.Scheme == "unix" {
		return endpoint, nil
	}
	if found.SkipTLSVerify {
		return Endpoint{}, errors.New("it does not verify the daemon's certificate, and mkimage does")
	}
	endpoint.tls, err = certificates(dir)
	return endpoint, bare(err)
}

// small reads a small file.
func small(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxAnswer+1))
	if len(content) > maxAnswer {
		return nil, fmt.Errorf("%s has more than %d bytes", filepath.Base(path), maxAnswer)
	}
	return content, err
}

// bare returns a file's error without its path.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%s: %w", filepath.Base(path.Path), path.Err)
	}
	return err
}
