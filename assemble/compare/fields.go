package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxValue is how much of a value is shown.
const maxValue = 120

// manifests compares manifests, but for what only says that a blob differs.
func manifests(image, rebuilt []byte) ([]string, error) {
	a, err := parse(image)
	if err != nil {
		return nil, fmt.Errorf("cannot read the image's manifest: %w", err)
	}
	b, err := parse(rebuilt)
	if err != nil {
		return nil, fmt.Errorf("cannot read the rebuilt manifest: %w", err)
	}
	for _, m := range []map[string]any{a, b} {
		dropDigests(m["config"])
		layers, _ := m["layers"].([]any)
		for _, l := range layers {
			dropDigests(l)
		}
	}
	return fields("manifest", a, b), nil
}

func dropDigests(descriptor any) {
	if d, ok := descriptor.(map[string]any); ok {
		delete(d, "digest")
		delete(d, "size")
	}
}

// configurations compares configurations, but for the layers' digests.
func configurations(image, rebuilt v1.Image) ([]string, error) {
	var parsed [2]map[string]any
	for i, img := range []v1.Image{image, rebuilt} {
		raw, err := img.RawConfigFile()
		if err != nil {
			return nil, err
		}
		if parsed[i], err = parse(raw); err != nil {
			return nil, fmt.Errorf("cannot read the configuration of the %s image: %w", []string{"given", "rebuilt"}[i], err)
		}
		delete(parsed[i], "rootfs")
	}
	return fields("configuration", parsed[0], parsed[1]), nil
}

func parse(raw []byte) (map[string]any, error) {
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err := d.Decode(&m)
	return m, err
}

// Indexes compares the manifests of two image indexes, but for what only says
// that an image differs. The result is empty if they are the same.
func Indexes(image, rebuilt []byte) ([]string, error) {
	var parsed [2]map[string]any
	for i, raw := range [][]byte{image, rebuilt} {
		var err error
		if parsed[i], err = parse(raw); err != nil {
			return nil, fmt.Errorf("cannot read an image index: %w", err)
		}
		images, _ := parsed[i]["manifests"].([]any)
		for _, d := range images {
			dropDigests(d)
		}
	}
	return fields("index", parsed[0], parsed[1]), nil
}

func fields(path string, a, b map[string]any) (differences []string) {
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, inImage := a[name]
		y, inRebuilt := b[name]
		one, isObject := x.(map[string]any)
		two, isToo := y.(map[string]any)
		switch what := path + " " + printable(name); {
		case !inImage:
			differences = append(differences, what+": image has none, rebuilt "+show(y))
		case !inRebuilt:
			differences = append(differences, what+": image "+show(x)+", rebuilt has none")
		case isObject && isToo:
			differences = append(differences, fields(what, one, two)...)
		default:
			differences = append(differences, values(what, x, y)...)
		}
	}
	return differences
}

// values compares what are not both objects. Lists of one length are compared
// element by element.
func values(path string, a, b any) []string {
	one, isList := a.([]any)
	two, isToo := b.([]any)
	if !isList || !isToo || len(one) != len(two) {
		if x, y := show(a), show(b); x != y {
			return []string{path + ": image " + x + ", rebuilt " + y}
		}
		return nil
	}
	var differences []string
	for i := range one {
		what := path + "[" + strconv.Itoa(i) + "]"
		x, isObject := one[i].(map[string]any)
		y, isToo := two[i].(map[string]any)
		if isObject && isToo {
			differences = append(differences, fields(what, x, y)...)
		} else {
			differences = append(differences, values(what, one[i], two[i])...)
		}
	}
	return differences
}

// show returns a value as JSON, shortened.
func show(v any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v) // what was decoded can be encoded
	}
	return shorten(string(bytes.TrimSpace(out.Bytes())))
}

// printable returns a text that does nothing to a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// shorten cuts a text that is too long for a line.
func shorten(s string) string {
	if r := []rune(s); len(r) > maxValue {
		return string(r[:maxValue]) + "…"
	}
	return s
}
