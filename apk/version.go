package apk

import "strings"

// A version is, as apk-package(5) has it,
//
//	number{.number}...{letter}{_suffix{number}}...{~hash}{-r#}
//
// Versions are kept as the strings that were read: apk compares them token by
// token and gives an order to malformed ones too, which packages in the wild
// have. The empty string stands for the version of an unversioned provide and
// sorts before every version.

// versionToken is the kind of one token of a version. The order of the
// constants is part of the comparison: where two versions part, the one whose
// next token has the later kind is the lower one.
type versionToken int

const (
	tokenFirstNumber versionToken = iota
	tokenNumber
	tokenLetter
	tokenSuffix
	tokenSuffixNumber
	tokenHash
	tokenRevision
	tokenEnd
	tokenInvalid
)

// versionSuffix ranks the named suffixes; those below suffixNone mark a
// pre-release.
type versionSuffix int

const (
	suffixInvalid versionSuffix = iota
	suffixAlpha
	suffixBeta
	suffixPre
	suffixRC
	suffixNone
	suffixCVS
	suffixSVN
	suffixGit
	suffixHg
	suffixP
)

func parseSuffix(s string) versionSuffix {
	switch s {
	case "alpha":
		return suffixAlpha
	case "beta":
		return suffixBeta
	case "pre":
		return suffixPre
	case "rc":
		return suffixRC
	case "cvs":
		return suffixCVS
	case "svn":
		return suffixSVN
	case "git":
		return suffixGit
	case "hg":
		return suffixHg
	case "p":
		return suffixP
	}
	return suffixInvalid
}

// versionScanner walks the tokens of a version. The zero scanner over a string
// stands before the first token.
type versionScanner struct {
	rest   string
	token  versionToken
	text   string // of the token, without its separator
	number uint64 // of a number, modulo 2^64 as apk reads it
	suffix versionSuffix
}

func scanVersion(s string) versionScanner {
	v := versionScanner{rest: s, token: tokenFirstNumber}
	v.digits()
	return v
}

// digits reads a number as the current token's value; none is invalid.
func (v *versionScanner) digits() {
	n := 0
	v.number = 0
	for n < len(v.rest) && isDigit(v.rest[n]) {
		v.number = v.number*10 + uint64(v.rest[n]-'0')
		n++
	}
	v.take(n)
	if n == 0 {
		v.token = tokenInvalid
	}
}

func (v *versionScanner) take(n int) { v.text, v.rest = v.rest[:n], v.rest[n:] }

// next moves to the following token, whose kind its first character and the
// token before decide.
func (v *versionScanner) next() {
	if v.rest == "" {
		v.token = tokenEnd
		return
	}
	was := v.token
	v.token = tokenInvalid
	switch c := v.rest[0]; {
	case 'a' <= c && c <= 'z' && was <= tokenNumber:
		v.token = tokenLetter
		v.take(1)
	case c == '.' && was <= tokenNumber:
		v.token = tokenNumber
		v.rest = v.rest[1:]
		v.digits()
	case isDigit(c) && was == tokenSuffix:
		v.token = tokenSuffixNumber
		v.digits()
	case c == '_' && was <= tokenSuffixNumber:
		v.rest = v.rest[1:]
		v.take(span(v.rest, isLower))
		if v.suffix = parseSuffix(v.text); v.suffix != suffixInvalid {
			v.token = tokenSuffix
		}
	case c == '~' && was < tokenHash:
		v.rest = v.rest[1:]
		v.take(span(v.rest, isLowerHex))
		if v.text != "" {
			v.token = tokenHash
		}
	case was < tokenRevision && strings.HasPrefix(v.rest, "-r"):
		v.token = tokenRevision
		v.rest = v.rest[2:]
		v.digits()
	}
}

// compare orders two tokens of one kind.
func (v *versionScanner) compare(w *versionScanner) int {
	switch v.token {
	case tokenNumber:
		// As in Gentoo's versions, which these descend from, a
		// component with a leading zero reads like decimals do.
		if v.text[0] == '0' || w.text[0] == '0' {
			return strings.Compare(v.text, w.text)
		}
		return order(v.number, w.number)
	case tokenFirstNumber, tokenSuffixNumber, tokenRevision:
		return order(v.number, w.number)
	case tokenSuffix:
		return order(v.suffix, w.suffix)
	}
	return strings.Compare(v.text, w.text)
}

func order[T ~int | ~uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// ValidVersion reports whether s is a version by apk-package(5).
func ValidVersion(s string) bool {
	v := scanVersion(s)
	for v.token < tokenEnd {
		v.next()
	}
	return v.token == tokenEnd
}

// CompareVersions returns -1, 0 or 1 as version a is lower than, equal to or
// higher than b in apk's order. It orders malformed versions as apk does, by
// what precedes the fault.
func CompareVersions(a, b string) int { return compareVersions(a, b, false) }

// compareVersions also calls a equal to b when fuzzy is set and b is a prefix
// of a by whole tokens.
func compareVersions(a, b string, fuzzy bool) int {
	v, w := scanVersion(a), scanVersion(b)
	for v.token == w.token && v.token < tokenEnd {
		if c := v.compare(&w); c != 0 {
			return c
		}
		v.next()
		w.next()
	}
	switch {
	case v.token == w.token:
		return 0
	case fuzzy && w.token == tokenEnd:
		return 0
	case v.token == tokenSuffix && v.suffix < suffixNone:
		return -1
	case w.token == tokenSuffix && w.suffix < suffixNone:
		return 1
	}
	return order(w.token, v.token)
}

func isDigit(c byte) bool    { return '0' <= c && c <= '9' }
func isLower(c byte) bool    { return 'a' <= c && c <= 'z' }
func isLowerHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }

// span returns the length of the longest prefix of s made of bytes in set.
func span(s string, set func(byte) bool) int {
	n := 0
	for n < len(s) && set(s[n]) {
		n++
	}
	return n
}
