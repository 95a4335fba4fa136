package script

import (
	"bytes"
	"crypto/sha1"
	"encoding/asn1"
	"encoding/binary"
	"sort"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// subjectHash is the hash by which OpenSSL since 1.0 finds a certificate in a
// folder (X509_NAME_hash): of the SHA-1 of the subject's canonical encoding
// the first four bytes, little-endian. It is false for what is no certificate.
func subjectHash(der []byte) (uint32, bool) {
	name, ok := subject(der)
	if !ok {
		return 0, false
	}
	canon, ok := canonicalName(name)
	if !ok {
		return 0, false
	}
	sum := sha1.Sum(canon)
	return binary.LittleEndian.Uint32(sum[:4]), true
}

// subject returns a certificate's subject: the field after version, serial
// number, signature, issuer and validity (RFC 5280, 4.1).
func subject(der []byte) (asn1.RawValue, bool) {
	var cert, tbs, field asn1.RawValue
	if _, err := asn1.Unmarshal(der, &cert); err != nil || cert.Tag != asn1.TagSequence {
		return field, false
	}
	if _, err := asn1.Unmarshal(cert.Bytes, &tbs); err != nil || tbs.Tag != asn1.TagSequence {
		return field, false
	}
	rest := tbs.Bytes
	skip := 5
	for i := 0; i <= skip; i++ {
		var err error
		field = asn1.RawValue{}
		if rest, err = asn1.Unmarshal(rest, &field); err != nil {
			return field, false
		}
		if i == 0 && field.Class != asn1.ClassContextSpecific {
			skip = 4 // version 1 is not written
		}
	}
	return field, field.Class == asn1.ClassUniversal && field.Tag == asn1.TagSequence
}

// canonicalName encodes a name's sets without the sequence around them, each
// value in UTF-8, lower case and with single blanks.
func canonicalName(name asn1.RawValue) ([]byte, bool) {
	var out []byte
	for rest := name.Bytes; len(rest) > 0; {
		var set asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &set); err != nil || set.Tag != asn1.TagSet {
			return nil, false
		}
		var members [][]byte
		for inner := set.Bytes; len(inner) > 0; {
			var pair asn1.RawValue
			if inner, err = asn1.Unmarshal(inner, &pair); err != nil {
				return nil, false
			}
			member, ok := canonicalPair(pair)
			if !ok {
				return nil, false
			}
			members = append(members, member)
		}
		sort.Slice(members, func(i, j int) bool { return bytes.Compare(members[i], members[j]) < 0 })
		encoded, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: bytes.Join(members, nil)})
		if err != nil {
			return nil, false
		}
		out = append(out, encoded...)
	}
	return out, true
}

// canonicalPair encodes one attribute's type and value.
func canonicalPair(pair asn1.RawValue) ([]byte, bool) {
	var oid, value asn1.RawValue
	rest, err := asn1.Unmarshal(pair.Bytes, &oid)
	if err != nil {
		return nil, false
	}
	if _, err = asn1.Unmarshal(rest, &value); err != nil {
		return nil, false
	}
	encoded := value.FullBytes
	if text, ok := stringValue(value); ok {
		encoded, err = asn1.Marshal(asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(canonicalText(text))})
		if err != nil {
			return nil, false
		}
	}
	out, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: append(append([]byte{}, oid.FullBytes...), encoded...)})
	return out, err == nil
}

// canonicalText folds ASCII letters and blanks; other characters stay.
func canonicalText(s string) string {
	var b strings.Builder
	blank := false
	for i := range len(s) {
		c := s[i]
		if c == ' ' || c >= '\t' && c <= '\r' {
			blank = b.Len() > 0
			continue
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}

// stringValue returns a string of one of ASN.1's types in UTF-8; false for
// types that OpenSSL leaves as they are.
func stringValue(v asn1.RawValue) (string, bool) {
	const (
		universalString = 28
		visibleString   = 26
	)
	if v.Class != asn1.ClassUniversal {
		return "", false
	}
	switch v.Tag {
	case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagIA5String, visibleString:
		return string(v.Bytes), true
	case asn1.TagT61String: // taken for Latin-1
		var b strings.Builder
		for _, c := range v.Bytes {
			b.WriteRune(rune(c))
		}
		return b.String(), true
	case asn1.TagBMPString:
		var units []uint16
		for i := 0; i+1 < len(v.Bytes); i += 2 {
			units = append(units, binary.BigEndian.Uint16(v.Bytes[i:]))
		}
		return string(utf16.Decode(units)), true
	case universalString:
		var b []byte
		for i := 0; i+3 < len(v.Bytes); i += 4 {
			b = utf8.AppendRune(b, rune(binary.BigEndian.Uint32(v.Bytes[i:])))
		}
		return string(b), true
	}
	return "", false
}
