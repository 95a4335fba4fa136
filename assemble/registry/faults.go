package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/mkimage/mkimage/internal/network"
)

// credentialsError: the keychain failed.
type credentialsError struct{ err error }

func (e *credentialsError) Error() string {
	return "cannot get credentials: " + oneLine(e.err.Error())
}
func (e *credentialsError) Unwrap() error { return e.err }

// sessionError is a fault of a session.
type sessionError struct {
	err       error
	anonymous bool // there are no credentials
	login     bool // it did not begin
}

func (e *sessionError) Error() string { return e.err.Error() }
func (e *sessionError) Unwrap() error { return e.err }

// protocolError: the registry does not keep to the protocol.
type protocolError string

func (e protocolError) Error() string { return string(e) }

// isAnswer reports whether an error is what a registry answered.
func isAnswer(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer)
}

// breaksOff reports whether an upload may go on after an error.
func breaksOff(err error) bool {
	var source *sourceError
	var answer *transport.Error
	var plain *plainError
	var protocol protocolError
	var lasting *lastingError
	switch {
	case errors.As(err, &source), errors.As(err, &plain), errors.As(err, &protocol), errors.As(err, &lasting), errors.Is(err, errRedirects):
		return false
	case errors.As(err, &answer):
		return network.PassingStatus(answer.StatusCode)
	}
	return network.Passing(err)
}

// startsAgain reports whether a new upload may do better: the registry lost the
// old one, or other bytes arrived than were sent. What breaks off has been
// tried often enough where it could go on, and has not been where it could not.
func startsAgain(err error) bool {
	var answer *transport.Error
	if !errors.As(err, &answer) {
		return breaksOff(err)
	}
	lost := []transport.ErrorCode{
		transport.BlobUploadUnknownErrorCode, transport.BlobUploadInvalidErrorCode,
		transport.DigestInvalidErrorCode, transport.SizeInvalidErrorCode,
	}
	for _, d := range answer.Errors {
		if slices.Contains(lost, d.Code) {
			return true
		}
	}
	// Of these only the answers to pieces of a blob were not repeated yet.
	return answer.StatusCode == http.StatusRequestedRangeNotSatisfiable ||
		answer.Request != nil && answer.Request.Method == http.MethodPatch && network.PassingStatus(answer.StatusCode)
}

// isUntrusted reports whether a registry speaks HTTPS, and not with a
// certificate that can be trusted.
func isUntrusted(err error) bool {
	return network.IsTrustFault(err) && !errors.Is(err, http.ErrSchemeMismatch)
}

// pushFault names what cannot be pushed, the reason and the way out.
func pushFault(t target, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	text := fmt.Sprintf("cannot push to %s: %s", t, reason(err))
	if out := wayOut(t, err); out != "" {
		text += "; " + out
	}
	return errors.New(text)
}

// reason says in words what a registry refused, or why it did not answer.
func reason(err error) string {
	var source *sourceError
	var answer *transport.Error
	var credentials *credentialsError
	switch {
	case errors.As(err, &source):
		return source.Error()
	case errors.As(err, &credentials):
		return credentials.Error()
	case isUntrusted(err):
		return oneLine(network.Reason(err)) // and not what plain HTTP then came to
	case errors.As(err, &answer):
		return answered(answer)
	}
	return oneLine(network.Reason(err))
}

// answered is what a registry answered: its own words, if there are any.
func answered(e *transport.Error) string {
	text := fmt.Sprintf("the registry answers %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	var words []string
	for _, d := range e.Errors {
		word := string(d.Code)
		if d.Message != "" && !strings.EqualFold(d.Message, word) {
			word = strings.TrimSpace(word + " " + d.Message)
		}
		words = append(words, word)
	}
	if len(words) > 0 {
		text += ": " + strings.Join(words, ", ")
	}
	return oneLine(text)
}

// wayOut says what a user can do about it; empty where the reason says it all.
func wayOut(t target, err error) string {
	host := t.repository.RegistryStr()
	var source *sourceError
	var credentials *credentialsError
	var plain *plainError
	var protocol protocolError
	var answer *transport.Error
	switch {
	case errors.As(err, &source):
		return ""
	case errors.As(err, &credentials):
		return "correct the Docker configuration or its credential helper"
	case isUntrusted(err):
		return "a private authority's certificate can be named with --ca"
	case errors.As(err, &answer):
		return answerWayOut(t, err, answer)
	case errors.As(err, &protocol):
		return fmt.Sprintf("%s may be no registry, or something on the way to it interferes", host)
	case errors.As(err, &plain), network.IsTrustFault(err):
		return fmt.Sprintf("if that is meant, allow it with --insecure-registry %s", host)
	}
	return tryAgain
}

const tryAgain = "try again: what has arrived is not sent again"

func answerWayOut(t target, err error, answer *transport.Error) string {
	host := t.repository.RegistryStr()
	var session *sessionError
	known := errors.As(err, &session)
	anonymous := known && session.anonymous
	switch code := answer.StatusCode; {
	case code == http.StatusUnauthorized && anonymous, code == http.StatusForbidden && anonymous:
		return fmt.Sprintf("log in with \"docker login %s\"", host)
	case code == http.StatusUnauthorized:
		return fmt.Sprintf("the credentials for %s are not accepted: log in anew with \"docker login %s\"", host, host)
	case code == http.StatusForbidden:
		return fmt.Sprintf("whoever is logged in must be allowed to push to %s", t.repository.Name())
	case code == http.StatusNotFound && known && session.login:
		return fmt.Sprintf("%s may be no registry", host)
	case code == http.StatusNotFound:
		return fmt.Sprintf("the repository %s may have to be made first", t.repository.Name())
	case network.PassingStatus(code):
		return tryAgain
	}
	return ""
}

// oneLine makes a foreign text fit for a message: one line, printable, short.
func oneLine(s string) string {
	const most = 300
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
