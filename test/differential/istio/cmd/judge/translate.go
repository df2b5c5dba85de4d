package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"gatehouse.test/istiojudge/internal/ask"
	"gatehouse.test/istiojudge/internal/mesh"
)

// translated is what Istio makes of the policies of a case for its workload: filters in their order.
type translated struct {
	Case    string            `json:"case"`
	HTTP    []json.RawMessage `json:"http"`
	TCP     []json.RawMessage `json:"tcp"`
	Refused string            `json:"refused,omitempty"`
}

// translate answers cases without Envoy.
func translate([]string) {
	enc := json.NewEncoder(os.Stdout)
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var c ask.Case
		if err := in.Decode(&c); err == io.EOF {
			return
		} else {
			must(err)
		}
		out := translated{Case: c.ID}
		if m, err := meshOf(c); err != nil {
			out.Refused = err.Error()
		} else {
			w := mesh.Workload{Namespace: c.Namespace, Labels: c.Labels}
			for _, f := range m.HTTP(w) {
				out.HTTP = append(out.HTTP, written(f))
			}
			for _, f := range m.TCP(w) {
				out.TCP = append(out.TCP, written(f))
			}
		}
		must(enc.Encode(out))
	}
}

func written(m proto.Message) json.RawMessage {
	text, err := protojson.Marshal(m)
	must(err)
	return text
}
