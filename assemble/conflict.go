package assemble

import (
	"strings"

	"github.com/mkimage/mkimage/apk"
)

// verdict says whose file stays where two packages ship the same path.
type verdict int

const (
	replaced    verdict = iota // the new package's
	kept                       // the old package's
	conflicting                // neither gives way
)

// replacesFile decides between a file of the package old, which is installed,
// and one of new.
func replacesFile(old, new *installed) verdict {
	oldPriority, newPriority := priorityOver(old, new), priorityOver(new, old)
	switch {
	case oldPriority > newPriority:
		return kept
	case newPriority >= 0, old.Origin != "" && old.Origin == new.Origin:
		return replaced
	}
	return conflicting
}

// priorityOver returns a's priority in replacing b's files, -1 if a does not
// replace them.
func priorityOver(a, b *installed) int {
	info := a.source.Archive.Info
	for _, d := range info.Replaces {
		if names(d, b) {
			return info.ReplacesPriority
		}
	}
	return -1
}

// names reports whether d, of a package's replaces, names p by its own name
// and version. As in apk, a negated one names every other package.
func names(d apk.Dependency, p *installed) bool {
	switch {
	case d.Name != p.Name:
		return d.Not
	case d.Op == apk.OpChecksum:
		return d.Version == p.Checksum.String()
	}
	return d.Matches(p.Version) != d.Not
}

// replacesDirectory reports whether a directory that old ships and new ships
// too takes mode and owner from new.
func replacesDirectory(old, new *installed) bool {
	if old == new {
		return true
	}
	a, b := old.source.Archive.Info.ReplacesPriority, new.source.Archive.Info.ReplacesPriority
	switch {
	case a != b:
		return a < b
	case old.Origin != "" && old.Origin == new.Origin && old.Name == old.Origin:
		return false
	case old.Origin != "" && old.Origin == new.Origin && new.Name == new.Origin:
		return true
	}
	return strings.Compare(old.Name, new.Name) > 0
}
