package sbom

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"strings"
)

// The identifiers of the SPDX License List (spdx.org/licenses), deprecated ones
// too, and of its exceptions, one a line.
var (
	//go:embed licenses.txt
	licenseList string
	//go:embed exceptions.txt
	exceptionList string
)

// maxLicenseDepth bounds the nesting of parentheses.
const maxLicenseDepth = 32

// licenses turns what packagers declare into SPDX expressions (SPDX 2.3,
// annex D) and keeps the words of what the list has not.
type licenses struct {
	known, exceptions map[string]string // lower case to the list's own
	refs              map[string]string // LicenseRef to the packager's words
}

func newLicenses() *licenses {
	index := func(list string) map[string]string {
		m := map[string]string{}
		for id := range strings.FieldsSeq(list) {
			m[strings.ToLower(id)] = id
		}
		return m
	}
	return &licenses{index(licenseList), index(exceptionList), map[string]string{}}
}

// expression returns the SPDX expression for what a packager declared, and
// whether it was one: a license that the list has not is a LicenseRef, and so
// is, as a whole, what follows no grammar, such as "MIT BSD custom". Operators
// may be in lower case, as in "GPL-2.0-only or MIT". Empty stays empty.
func (l *licenses) expression(declared string) (text string, ok bool) {
	if strings.TrimSpace(declared) == "" {
		return "", true
	}
	spaced := strings.NewReplacer("(", " ( ", ")", " ) ").Replace(declared)
	p := &licenseParser{licenses: l, tokens: strings.Fields(spaced), refs: map[string]string{}}
	text, ok = p.alternatives(0)
	if !ok || len(p.tokens) > 0 {
		return l.ref(declared, l.refs), false
	}
	for id, words := range p.refs {
		l.refs[id] = words
	}
	return text, true
}

// ref returns the LicenseRef for words and records it in refs. Words that are
// one already stay.
func (l *licenses) ref(words string, refs map[string]string) string {
	id := words
	if rest, ok := strings.CutPrefix(words, "LicenseRef-"); !ok || rest == "" || identifier(rest) != rest {
		id = "LicenseRef-" + identifier(words)
	}
	refs[id] = words
	return id
}

// licenseParser reads one expression. Its methods consume tokens, and return
// the text in SPDX's own spelling and whether there was one.
type licenseParser struct {
	*licenses
	tokens []string
	refs   map[string]string
}

func (p *licenseParser) alternatives(depth int) (string, bool) {
	return p.chain("OR", func() (string, bool) {
		return p.chain("AND", func() (string, bool) { return p.term(depth) })
	})
}

// chain reads what next reads, once or more with the operator between.
func (p *licenseParser) chain(operator string, next func() (string, bool)) (string, bool) {
	text, ok := next()
	for ok && p.accept(operator) {
		var more string
		more, ok = next()
		text += " " + operator + " " + more
	}
	return text, ok
}

func (p *licenseParser) term(depth int) (string, bool) {
	if p.accept("(") {
		if depth == maxLicenseDepth {
			return "", false
		}
		text, ok := p.alternatives(depth + 1)
		return "(" + text + ")", ok && p.accept(")")
	}
	if len(p.tokens) == 0 || isOperator(p.tokens[0]) {
		return "", false
	}
	word := p.tokens[0]
	p.tokens = p.tokens[1:]
	id, known := p.license(word)
	if !p.accept("WITH") {
		if !known {
			return p.ref(word, p.refs), true
		}
		return id, true
	}
	if len(p.tokens) == 0 || isOperator(p.tokens[0]) {
		return "", false
	}
	exception := p.tokens[0]
	p.tokens = p.tokens[1:]
	if listed, ok := p.exceptions[strings.ToLower(exception)]; ok && known {
		return id + " WITH " + listed, true
	}
	return p.ref(word+" WITH "+exception, p.refs), true
}

// license returns the list's spelling of an identifier, which "+" may follow.
func (p *licenseParser) license(word string) (id string, known bool) {
	if id, known = p.known[strings.ToLower(word)]; known {
		return id, true
	}
	if bare, ok := strings.CutSuffix(word, "+"); ok {
		if id, known = p.known[strings.ToLower(bare)]; known {
			return id + "+", true
		}
	}
	return "", false
}

// accept consumes the next token if it is the one asked for.
func (p *licenseParser) accept(token string) bool {
	if len(p.tokens) == 0 || p.tokens[0] != token && p.tokens[0] != strings.ToLower(token) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func isOperator(token string) bool {
	switch strings.ToUpper(token) {
	case "AND", "OR", "WITH", "(", ")":
		return true
	}
	return false
}

// identifier returns s as part of an SPDX identifier, which is of letters,
// digits, dots and dashes. Where that changes s, a digest keeps what was
// different different.
func identifier(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x80 && isAlphanumeric(byte(r)) || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, s)
	if clean == s {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return clean[:min(len(clean), 64)] + "-" + hex.EncodeToString(sum[:4])
}
