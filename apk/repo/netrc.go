package repo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
)

// maxNetrc is the most bytes of a netrc file.
const maxNetrc = 1 << 20

// Netrc is a file of logins, such as ~/.netrc (the file of ftp(1), which curl
// and Go read too):
//
//	machine HOST login USER password PASSWORD
//
// separated by any white space. A word can be in double quotes, in which \"
// and \\ stand for the character. A word that starts with # makes the rest of
// the line a comment. "account" is ignored, as is "macdef" up to the next empty
// line. "default" is ignored: a login is for the host that it names. Anything
// else is an error. Of several entries for a host the first counts.
type Netrc struct {
	machines []machine
}

// machine is an entry of a netrc file. A host without a port is meant on every
// port.
type machine struct{ host, user, password string }

// ReadNetrc reads a netrc file. Errors start with the file's name and the line,
// and have nothing that the line holds.
func ReadNetrc(path string) (*Netrc, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxNetrc+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > maxNetrc:
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxNetrc)
	}
	n, line, err := parseNetrc(string(content))
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", path, line, err)
	}
	return n, nil
}

// Login implements LoginSource.
func (n *Netrc) Login(_ context.Context, host string) (Login, bool, error) {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	for _, m := range n.machines {
		if strings.EqualFold(m.host, host) || strings.EqualFold(m.host, name) {
			return Login{User: m.user, Password: m.password}, true, nil
		}
	}
	return Login{}, false, nil
}

// parseNetrc reads the text of a netrc file. line is where an error is.
func parseNetrc(text string) (n *Netrc, line int, err error) {
	s := &netrcScanner{rest: text, line: 1}
	n = &Netrc{}
	var current *machine // nil in "default", whose words have no effect
	begun := false
	for {
		word, err := s.next()
		switch {
		case err == io.EOF:
			return n, 0, nil
		case err != nil:
			return nil, s.line, err
		}
		switch {
		case word.quoted:
			err = errWord
		case word.text == "machine":
			begun = true
			n.machines = append(n.machines, machine{})
			current = &n.machines[len(n.machines)-1]
			current.host, err = s.value("machine")
		case word.text == "default":
			begun, current = true, nil
		case word.text == "macdef":
			err = s.skipMacro()
		case word.text == "login" || word.text == "password" || word.text == "account":
			var value string
			if value, err = s.value(word.text); err == nil && !begun {
				err = fmt.Errorf("%s stands before the first machine", word.text)
			}
			if err == nil && current != nil {
				err = current.set(word.text, value)
			}
		default:
			err = errWord
		}
		if err != nil {
			return nil, s.line, err
		}
	}
}

// errWord does not say the word, which may be a part of a password.
var errWord = errors.New("there is a word that is not machine, login, password, account, macdef or default; what has blanks must be in double quotes")

func (m *machine) set(key, value string) error {
	field := &m.user
	switch key {
	case "account":
		return nil
	case "password":
		field = &m.password
	}
	if *field != "" {
		return fmt.Errorf("%s occurs twice", key)
	}
	*field = value
	return nil
}

// netrcScanner divides a netrc file into words.
type netrcScanner struct {
	rest string
	line int
}

type netrcWord struct {
	text   string
	quoted bool
}

const netrcBlanks = " \t\r\n"

// next returns the next word, or io.EOF.
func (s *netrcScanner) next() (netrcWord, error) {
	for {
		blank := len(s.rest) - len(strings.TrimLeft(s.rest, netrcBlanks))
		s.line += strings.Count(s.rest[:blank], "\n")
		s.rest = s.rest[blank:]
		if !strings.HasPrefix(s.rest, "#") {
			break
		}
		if end := strings.IndexByte(s.rest, '\n'); end >= 0 {
			s.rest = s.rest[end:]
		} else {
			s.rest = ""
		}
	}
	switch {
	case s.rest == "":
		return netrcWord{}, io.EOF
	case s.rest[0] == '"':
		return s.quoted()
	}
	end := strings.IndexAny(s.rest, netrcBlanks)
	if end < 0 {
		end = len(s.rest)
	}
	word := s.rest[:end]
	s.rest = s.rest[end:]
	for i := range len(word) {
		if word[i] < ' ' || word[i] == 0x7f {
			return netrcWord{}, errors.New("there is a control character")
		}
	}
	return netrcWord{text: word}, nil
}

// quoted returns the word in double quotes that starts here.
func (s *netrcScanner) quoted() (netrcWord, error) {
	var text strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			if s.rest != "" && !strings.ContainsRune(netrcBlanks, rune(s.rest[0])) {
				return netrcWord{}, errors.New("something follows a double quote without a blank")
			}
			return netrcWord{text.String(), true}, nil
		case c == '\\' && i+1 < len(s.rest) && (s.rest[i+1] == '"' || s.rest[i+1] == '\\'):
			i++
			text.WriteByte(s.rest[i])
		case c == '\\':
			return netrcWord{}, errors.New(`in double quotes \ stands before " or \ only`)
		case c < ' ' || c == 0x7f:
			return netrcWord{}, errors.New("a double quote is not closed on its line, or there is a control character")
		default:
			text.WriteByte(c)
		}
	}
	return netrcWord{}, errors.New("a double quote is not closed")
}

// value returns the word that belongs to a keyword.
func (s *netrcScanner) value(key string) (string, error) {
	word, err := s.next()
	switch {
	case err == io.EOF, err == nil && word.text == "":
		return "", fmt.Errorf("%s has no value", key)
	case err != nil:
		return "", err
	}
	return word.text, nil
}

// skipMacro passes over a macro: its name and the lines up to an empty one.
func (s *netrcScanner) skipMacro() error {
	if _, err := s.value("macdef"); err != nil {
		return err
	}
	rest := strings.ReplaceAll(s.rest, "\r\n", "\n")
	macro, after, ok := strings.Cut(rest, "\n\n")
	if !ok {
		macro, after = rest, ""
	}
	s.line += strings.Count(macro, "\n") + 2
	s.rest = after
	return nil
}
