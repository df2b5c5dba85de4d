package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"

	"gatehouse.test/istiojudge/internal/ask"
	"gatehouse.test/istiojudge/internal/mesh"
)

// transport is what Istio makes of the PeerAuthentications of a mesh for one workload.
type transport struct {
	Case    string            `json:"case"`
	Modes   map[uint32]string `json:"modes,omitempty"` // by port of the workload
	Refused string            `json:"refused,omitempty"`
}

var modePorts = []uint32{80, 8080, 9090}

// modes answers cases without Envoy: which mode of mutual TLS holds at each port.
func modes([]string) {
	enc := json.NewEncoder(os.Stdout)
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var c ask.Case
		if err := in.Decode(&c); err == io.EOF {
			return
		} else {
			must(err)
		}
		out := transport{Case: c.ID, Modes: map[uint32]string{}}
		if m, err := meshOf(c); err != nil {
			out.Refused = err.Error()
		} else {
			w := mesh.Workload{Namespace: c.Namespace, Labels: c.Labels}
			for _, port := range modePorts {
				out.Modes[port] = m.Mode(w, port)
			}
		}
		must(enc.Encode(out))
	}
}
