package layer

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mkimage/mkimage/assemble/tree"
)

// entry is one entry of the tar stream.
type entry struct {
	path string // without a leading slash
	node *tree.Node
	link string // where another name of the node comes first: that name
}

// plan is what is written, in order.
type plan struct {
	directories []entry
	packages    [][]entry // by position in the order of installation, from 0
	generated   []entry
}

// newPlan sorts a tree's entries into runs.
func newPlan(t *tree.Tree, packages int) (*plan, error) {
	p := &plan{packages: make([][]entry, packages)}
	if rootDiffers(t.Root()) {
		p.directories = append(p.directories, entry{path: ".", node: t.Root()})
	}
	err := t.Walk(func(path string, n *tree.Node) error {
		e, src := entry{path: path, node: n}, n.Source
		switch {
		case n.Kind == tree.Dir:
			p.directories = append(p.directories, e)
		case src == tree.Source{}:
			p.generated = append(p.generated, e)
		case src.Package < 1 || src.Package > packages || src.Entry < 0:
			return fmt.Errorf("internal error: %s comes from entry %d of package %d, of %d packages", path, src.Entry, src.Package, packages)
		default:
			p.packages[src.Package-1] = append(p.packages[src.Package-1], e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, run := range p.packages {
		// Stable: names of one entry stay sorted.
		slices.SortStableFunc(run, func(a, b entry) int { return cmp.Compare(a.node.Source.Entry, b.node.Source.Entry) })
		setLinks(run)
	}
	setLinks(p.generated)
	return p, nil
}

// rootDiffers reports whether the root directory needs an entry: it is not
// what every consumer makes without one.
func rootDiffers(root *tree.Node) bool {
	return root.Mode != 0o755 || root.UID != 0 || root.GID != 0 || len(root.Xattrs) > 0
}

// setLinks makes hard links of all but the first name of each node. The names
// of one node are all in one run, since they share its source.
func setLinks(run []entry) {
	first := make(map[*tree.Node]string, len(run))
	for i, e := range run {
		if name, ok := first[e.node]; ok {
			run[i].link = name
		} else {
			first[e.node] = e.path
		}
	}
}
