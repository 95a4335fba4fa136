package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mkimage/mkimage/apk"
	"github.com/mkimage/mkimage/apk/repo"
	"github.com/mkimage/mkimage/apk/solver"
	"github.com/mkimage/mkimage/spec"
)

const resolveHelp = `mkimage resolve SPEC... prints the packages that a spec comes to, those that
"apk add" would install: name=version, one a line, in the order of installation.
Without a spec, packages are given after "--":

  --repository "[@TAG ]URL-or-folder"   repeatable
  --key FILE            a public key to trust besides Alpine's; repeatable

  --json                print all that is known of each package
` + specHelp + fetchHelp + `
Example:
  mkimage resolve --repository https://dl-cdn.alpinelinux.org/alpine/v3.22/main \
    --platform linux/arm64 -- nginx 'openssl>=3'
`

type resolveFlags struct {
	specFlags
	fetchFlags
	repositories []string
	keys         []string
	json         bool
}

func newResolve(stdout, stderr io.Writer) *cobra.Command {
	var flags resolveFlags
	cmd := &cobra.Command{
		Use:  "resolve [SPEC...] [-- PKG...]",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			bar := newProgress(stderr)
			defer bar.done()
			return flags.run(cmd, args, stdout, bar)
		},
	}
	flags.specFlags.register(cmd)
	flags.fetchFlags.register(cmd)
	cmd.Flags().StringArrayVar(&flags.repositories, "repository", nil, "")
	cmd.Flags().StringArrayVar(&flags.keys, "key", nil, "")
	cmd.Flags().BoolVar(&flags.json, "json", false, "")
	setHelp(cmd, resolveHelp)
	return cmd
}

func (f *resolveFlags) run(cmd *cobra.Command, args []string, stdout io.Writer, bar *progress) error {
	fetcher, err := f.fetcher(cmd, bar)
	if err != nil {
		return err
	}
	questions, err := f.questions(cmd, args)
	if err != nil {
		return err
	}
	var answers []resolved
	for _, q := range questions {
		a, err := resolve(cmd.Context(), fetcher.client(q.keys), q.question)
		if err != nil {
			return err
		}
		answers = append(answers, resolved{q, a})
	}
	bar.done()
	if f.json {
		return printJSON(stdout, answers)
	}
	return printNames(stdout, answers)
}

// titled is a question and what it is about, where there are several.
type titled struct {
	question
	image, platform string
}

type resolved struct {
	titled
	*answer
}

// questions returns what the command line asks: the specs', or its own.
func (f *resolveFlags) questions(cmd *cobra.Command, args []string) ([]titled, error) {
	dash := cmd.ArgsLenAtDash()
	if dash < 0 && len(f.repositories) == 0 && len(f.keys) == 0 {
		if err := needSpecs(cmd, args); err != nil {
			return nil, err
		}
		return f.specQuestions(args)
	}
	q, err := f.ownQuestion(args, dash)
	if err != nil {
		return nil, usageError{cmd.CommandPath(), err}
	}
	return q, nil
}

func (f *resolveFlags) specQuestions(args []string) ([]titled, error) {
	images, err := f.load(args)
	if err != nil {
		return nil, err
	}
	var list []titled
	for _, img := range images {
		for _, p := range img.Platforms {
			q, err := ask(img, p)
			if err != nil {
				return nil, err
			}
			list = append(list, titled{q, img.Name.Value, p.String()})
		}
	}
	return list, nil
}

func (f *resolveFlags) ownQuestion(args []string, dash int) ([]titled, error) {
	switch {
	case len(f.repositories) == 0:
		return nil, errors.New("packages on the command line need --repository")
	case dash != 0:
		return nil, errors.New("packages come after \"--\", without a spec")
	case len(args) == 0:
		return nil, errors.New("there is no package after \"--\"")
	}
	var q question
	for _, arg := range args {
		d, err := apk.ParseDependency(arg)
		if err != nil {
			return nil, err
		}
		q.world = append(q.world, solver.Requirement{Dependency: d})
	}
	base, err := workingFolder()
	if err != nil {
		return nil, err
	}
	for _, s := range f.repositories {
		r, err := repo.ParseRepository(s, base)
		if err != nil {
			return nil, err
		}
		q.repositories = append(q.repositories, r)
	}
	var files []spec.Path
	for _, name := range f.keys {
		abs, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		files = append(files, spec.Path{Written: name, Abs: abs})
	}
	if err := q.trust(files); err != nil {
		return nil, err
	}
	return q.forPlatforms(f.platforms)
}

// forPlatforms asks the same for each platform; none is this machine's.
func (q question) forPlatforms(platforms []string) ([]titled, error) {
	if len(platforms) == 0 {
		platforms = []string{"linux/" + runtime.GOARCH}
	}
	var list []titled
	for _, s := range platforms {
		p, err := apk.ParsePlatform(s)
		if err != nil {
			return nil, err
		}
		if q.arch, err = p.Arch(); err != nil {
			return nil, err
		}
		list = append(list, titled{question: q, platform: p.String()})
	}
	return list, nil
}

func printNames(w io.Writer, answers []resolved) error {
	var b strings.Builder
	for i, a := range answers {
		if len(answers) > 1 {
			if i > 0 {
				b.WriteString("\n")
			}
			fmt.Fprintf(&b, "# %s\n", strings.TrimSpace(a.image+" "+a.platform))
		}
		for _, s := range a.Install {
			fmt.Fprintf(&b, "%s=%s\n", s.Package.Name, s.Package.Version)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// packageJSON is one package in the output of --json.
type packageJSON struct {
	Name          string `json:"name"`
	Version       string `json:"version"`
	Arch          string `json:"arch"`
	Origin        string `json:"origin,omitempty"`
	Repository    string `json:"repository"`
	Tag           string `json:"tag,omitempty"`
	License       string `json:"license,omitempty"`
	Size          int64  `json:"size"`
	InstalledSize int64  `json:"installedSize"`
	Checksum      string `json:"checksum"`
	// Why holds every reason for which it is there, in words; of what a spec
	// asks for with the place.
	Why []string `json:"why"`
}

// answerJSON is what one spec comes to on one platform.
type answerJSON struct {
	Image    string        `json:"image,omitempty"`
	Platform string        `json:"platform"`
	Packages []packageJSON `json:"packages"`
}

// why returns the reasons of a package in words.
func (a *answer) why(s solver.Selected) []string {
	words := make([]string, len(s.Reasons))
	for i, r := range s.Reasons {
		words[i] = a.Explain(r)
		if r.Kind == solver.Asked {
			if origin := a.world[r.By].Origin; origin != "" {
				words[i] += " at " + origin
			}
		}
	}
	return words
}

func printJSON(w io.Writer, answers []resolved) error {
	list := make([]answerJSON, len(answers))
	for i, a := range answers {
		list[i] = answerJSON{Image: a.image, Platform: a.platform, Packages: []packageJSON{}}
		for _, s := range a.Install {
			p := s.Package
			r := a.repository(s)
			list[i].Packages = append(list[i].Packages, packageJSON{
				Name: p.Name, Version: p.Version, Arch: p.Arch, Origin: p.Origin,
				Repository: repo.Repository{Location: r.Location}.String(), Tag: r.Tag, License: p.License,
				Size: p.Size, InstalledSize: p.InstalledSize, Checksum: p.Checksum.String(),
				Why: a.why(s),
			})
		}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(list)
}
