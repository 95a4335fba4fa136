package repo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
	"unicode"
)

const (
	// maxHelperAnswer is the most bytes of a helper's answer.
	maxHelperAnswer = 64 << 10
	// helperNothing is what a helper says of a host that it does not know
	// (docker-credential-helpers, credentials/error.go).
	helperNothing = "credentials not found in native keychain"
	// helperToken is the user name that says that the secret is a token.
	helperToken = "<token>"
)

// Helper is a program that knows logins, such as Docker's credential helpers
// (github.com/docker/docker-credential-helpers). "PROGRAM get" reads a host
// from its standard input and writes {"Username": …, "Secret": …}. With the user
// name "<token>" the secret is a token.
type Helper struct {
	program string
}

// NewHelper returns the helper of a name, as Docker's configuration has it: for
// "pass" it is the program docker-credential-pass. A name with a slash is the
// program itself.
func NewHelper(name string) (*Helper, error) {
	program := name
	if !strings.Contains(name, "/") {
		program = "docker-credential-" + name
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, fmt.Errorf("cannot use the credential helper %q: there is no program %s", name, program)
	}
	return &Helper{path}, nil
}

// Login implements LoginSource.
func (h *Helper) Login(ctx context.Context, host string) (Login, bool, error) {
	cmd := exec.CommandContext(ctx, h.program, "get")
	cmd.Stdin = strings.NewReader(host)
	cmd.WaitDelay = time.Second
	answer, said := &limited{left: maxHelperAnswer}, &limited{left: maxHelperAnswer}
	cmd.Stdout, cmd.Stderr = answer, said
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return Login{}, false, ctx.Err()
	case answer.left == 0:
		return Login{}, false, fmt.Errorf("the credential helper %s answers with more than %d bytes", h.program, maxHelperAnswer)
	case err != nil && strings.TrimSpace(answer.content.String()) == helperNothing:
		return Login{}, false, nil
	case err != nil:
		return Login{}, false, fmt.Errorf("the credential helper %s fails: %w%s", h.program, err, said.quote())
	}
	var found struct{ Username, Secret string }
	if json.Unmarshal(answer.content.Bytes(), &found) != nil || found.Secret == "" {
		// What it said may hold a secret.
		return Login{}, false, fmt.Errorf("the credential helper %s answers with something other than {\"Username\": …, \"Secret\": …}", h.program)
	}
	for _, c := range found.Username + found.Secret {
		if unicode.IsControl(c) {
			return Login{}, false, fmt.Errorf("the credential helper %s answers with a control character", h.program)
		}
	}
	if found.Username == helperToken {
		return Login{Token: found.Secret}, true, nil
	}
	return Login{User: found.Username, Password: found.Secret}, true, nil
}

// limited keeps so many bytes.
type limited struct {
	content bytes.Buffer
	left    int
}

var errTooMuch = errors.New("it says too much")

func (l *limited) Write(p []byte) (int, error) {
	if len(p) >= l.left {
		l.left = 0
		return 0, errTooMuch
	}
	l.left -= len(p)
	return l.content.Write(p)
}

// quote returns the first line of what a program said about a failure.
func (l *limited) quote() string {
	line, _, _ := strings.Cut(strings.TrimSpace(l.content.String()), "\n")
	if line == "" {
		return ""
	}
	return fmt.Sprintf(": %.200q", line)
}
