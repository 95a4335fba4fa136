package oci

import (
	"iter"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mkimage/mkimage/spec"
)

// defaultPath is the search path of an image that declares none: Docker's
// (moby, oci/defaults.go).
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// configFile is v1.ConfigFile with all of Docker's health check. Its Config
// goes before the one of the embedded struct (encoding/json).
type configFile struct {
	v1.ConfigFile
	Config config `json:"config"`
}

type config struct {
	v1.Config
	Healthcheck *healthcheck `json:"Healthcheck,omitempty"`
}

// healthcheck is v1.HealthConfig and the field that Docker 25 added.
type healthcheck struct {
	v1.HealthConfig
	StartInterval time.Duration `json:",omitempty"`
}

func newConfigFile(s *spec.Image, o Options) configFile {
	created := v1.Time{Time: time.Unix(o.Created, 0).UTC()}
	return configFile{
		ConfigFile: v1.ConfigFile{
			Architecture: o.Platform.Architecture,
			OS:           o.Platform.OS,
			Variant:      o.Platform.Variant,
			Created:      created,
			History:      []v1.History{{Created: created, CreatedBy: "mkimage"}},
			RootFS:       v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{o.Layer.DiffID}},
		},
		Config: newConfig(s, o.User),
	}
}

func newConfig(s *spec.Image, user string) config {
	c := config{Config: v1.Config{
		User:         user,
		Env:          environment(s.Env),
		Entrypoint:   values(s.Entrypoint),
		Cmd:          values(s.Cmd),
		WorkingDir:   s.Workdir.Value,
		StopSignal:   s.StopSignal.Value,
		ExposedPorts: set(s.Ports),
		Volumes:      set(s.Volumes),
	}}
	if user == "" {
		c.User = s.User.User
		if s.User.Group != "" {
			c.User += ":" + s.User.Group
		}
	}
	for name, value := range pairs(s.Labels) {
		if c.Labels == nil {
			c.Labels = map[string]string{}
		}
		c.Labels[name] = value
	}
	if h := s.Healthcheck; h != nil {
		c.Healthcheck = &healthcheck{v1.HealthConfig{
			Test: values(h.Test), Interval: h.Interval, Timeout: h.Timeout,
			StartPeriod: h.StartPeriod, Retries: h.Retries,
		}, h.StartInterval}
	}
	return c
}

// environment returns the variables as NAME=value, PATH first where it is the
// default.
func environment(declared []spec.Pair) []string {
	var env []string
	if !slices.ContainsFunc(declared, func(p spec.Pair) bool { return p.Name == "PATH" }) {
		env = append(env, "PATH="+defaultPath)
	}
	for name, value := range pairs(declared) {
		env = append(env, name+"="+value)
	}
	return env
}

func pairs(list []spec.Pair) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, p := range list {
			if !yield(p.Name, p.Value) {
				return
			}
		}
	}
}

func values(list []spec.String) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.Value)
	}
	return out
}

func set(list []spec.String) map[string]struct{} {
	if len(list) == 0 {
		return nil
	}
	m := map[string]struct{}{}
	for _, s := range list {
		m[s.Value] = struct{}{}
	}
	return m
}
