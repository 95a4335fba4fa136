package provenance

// The names of members are those of in-toto's Statement and ResourceDescriptor
// and of SLSA's predicate; what is below external and internal parameters is
// ours and described in docs/sbom.md.

type statement struct {
	Type          string     `json:"_type"`
	Subject       []resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     predicate  `json:"predicate"`
}

type resource struct {
	Name     string            `json:"name,omitempty"`
	URI      string            `json:"uri,omitempty"`
	Digest   map[string]string `json:"digest,omitempty"`
	Location string            `json:"downloadLocation,omitempty"`
}

type predicate struct {
	BuildDefinition definition `json:"buildDefinition"`
	RunDetails      run        `json:"runDetails"`
}

type definition struct {
	BuildType    string     `json:"buildType"`
	External     external   `json:"externalParameters"`
	Internal     internal   `json:"internalParameters"`
	Dependencies []resource `json:"resolvedDependencies"`
}

type external struct {
	Spec     []string `json:"spec"`
	Lock     string   `json:"lock,omitempty"`
	Platform string   `json:"platform"`
	Defines  []string `json:"defines,omitempty"`
	Epoch    *int64   `json:"sourceDateEpoch,omitempty"`
}

type internal struct {
	LayerEncoding int `json:"layerEncoding"`
}

type run struct {
	Builder builder `json:"builder"`
}

type builder struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version"`
}
