package lock

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/mkimage/mkimage/apk"
)

// The parts of the file. Maps are written sorted by key (encoding/json).
type (
	fileJSON struct {
		Version   int                     `json:"version"`
		Inputs    inputsJSON              `json:"inputs"`
		Platforms map[string]platformJSON `json:"platforms"`
	}
	inputsJSON struct {
		Repositories []string          `json:"repositories"`
		Keys         map[string]string `json:"keys"`
		Packages     []string          `json:"packages"`
	}
	platformJSON struct {
		Arch     string                 `json:"arch"`
		Indexes  map[string]string      `json:"indexes"`
		Packages map[string]packageJSON `json:"packages"`
		Install  []string               `json:"install"`
	}
	packageJSON struct {
		Version    string `json:"version"`
		Arch       string `json:"arch"`
		Repository string `json:"repository"`
		Tag        string `json:"tag,omitempty"`
		Size       int64  `json:"size"`
		Checksum   string `json:"checksum"`
		DataHash   string `json:"dataHash"`
		SHA256     string `json:"sha256"`
	}
)

// Format returns the lock file: indented JSON, a value a line. The same lock
// gives the same bytes. A lock that Parse would refuse is an internal error.
func Format(l *Lock) ([]byte, error) {
	b := encode(l)
	if _, err := Parse("the lock", b); err != nil {
		return nil, fmt.Errorf("internal error: a lock that cannot be read: %w", err)
	}
	return b, nil
}

func encode(l *Lock) []byte {
	file := fileJSON{
		Version: Version,
		Inputs: inputsJSON{
			Repositories: append([]string{}, l.Inputs.Repositories...),
			Keys:         map[string]string{},
			Packages:     worldJSON(l.Inputs.Packages),
		},
		Platforms: map[string]platformJSON{},
	}
	for _, k := range l.Inputs.Keys {
		file.Inputs.Keys[k.Name] = hex.EncodeToString(k.SHA256[:])
	}
	for i := range l.Platforms {
		file.Platforms[l.Platforms[i].Name] = l.Platforms[i].json()
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // constraints have < and >
	e.SetIndent("", "  ")
	// Strings, numbers and maps of strings can always be encoded.
	_ = e.Encode(file)
	return b.Bytes()
}

func worldJSON(world []apk.Dependency) []string {
	list := make([]string, len(world))
	for i, d := range world {
		list[i] = d.String()
	}
	return list
}

func (p *Platform) json() platformJSON {
	out := platformJSON{Arch: p.Arch, Indexes: map[string]string{}, Packages: map[string]packageJSON{}, Install: []string{}}
	for _, x := range p.Indexes {
		out.Indexes[x.Location] = hex.EncodeToString(x.SHA256[:])
	}
	for i := range p.Packages {
		k := &p.Packages[i]
		out.Install = append(out.Install, k.Name)
		out.Packages[k.Name] = packageJSON{
			Version: k.Version, Arch: k.Arch, Repository: k.Repository, Tag: k.Tag, Size: k.Size,
			Checksum: k.Checksum.String(), DataHash: hex.EncodeToString(k.DataHash[:]), SHA256: hex.EncodeToString(k.SHA256[:]),
		}
	}
	return out
}
