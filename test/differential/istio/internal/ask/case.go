package ask

import "encoding/json"

// Settings are those of Envoy and of the mesh that change what a policy means.
type Settings struct {
	RawHeaders       bool     `json:"rawHeaders"`
	UseRemoteAddress bool     `json:"useRemoteAddress"`
	TrustedHops      uint32   `json:"trustedHops"`
	Aliases          []string `json:"aliases,omitempty"`
}

// Case is one workload, all policies of its mesh, and requests to it.
type Case struct {
	ID        string            `json:"id"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	Settings
	// Dynamic metadata that stands there before the policies are asked, by namespace.
	Metadata  map[string]json.RawMessage `json:"metadata,omitempty"`
	Documents []string                   `json:"documents"`
	Requests  []Request                  `json:"requests"`
}
