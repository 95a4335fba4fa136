package compare

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// databases are where apk's database of installed packages can be.
func databases() []string { return []string{"lib/apk/db/installed", "usr/lib/apk/db/installed"} }

// maxDatabase is how much of a database is read, maxPackages how many packages
// are told of.
const (
	maxDatabase = 64 << 20
	maxPackages = 100
)

// installed is what a database says of a package.
type installed struct{ version, checksum string }

// packages says which packages two databases have differently: what explains
// most of the files that differ.
func packages(image, rebuilt []byte) []string {
	a, b := readDatabase(image), readDatabase(rebuilt)
	names := maps.Clone(a)
	maps.Copy(names, b)
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if len(lines) == maxPackages {
			return append(lines, "and more packages")
		}
		x, inImage := a[name]
		y, inRebuilt := b[name]
		switch {
		case !inImage:
			lines = append(lines, "package "+name+": image has none, rebuilt "+y.version)
		case !inRebuilt:
			lines = append(lines, "package "+name+": image "+x.version+", rebuilt has none")
		case x.version != y.version:
			lines = append(lines, "package "+name+": image "+x.version+", rebuilt "+y.version)
		case x.checksum != y.checksum:
			lines = append(lines, "package "+name+": two builds of "+x.version+": image "+x.checksum+", rebuilt "+y.checksum)
		}
	}
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return lines
}

// readDatabase reads names, versions and checksums (apk-package(5), "installed
// database"). What it does not understand it passes over.
func readDatabase(text []byte) map[string]installed {
	found := map[string]installed{}
	for record := range bytes.SplitSeq(text, []byte("\n\n")) {
		var name string
		var p installed
		for line := range strings.Lines(string(record)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			switch key {
			case "P":
				name = value
			case "V":
				p.version = value
			case "C":
				p.checksum = value
			}
		}
		if name != "" {
			found[name] = p
		}
	}
	return found
}
