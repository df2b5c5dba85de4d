package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"istio.io/istio/pkg/config"

	"gatehouse.test/istiojudge/internal/ask"
	"gatehouse.test/istiojudge/internal/gen"
	"gatehouse.test/istiojudge/internal/mesh"
	"gatehouse.test/istiojudge/internal/rig"
	"gatehouse.test/istiojudge/internal/trial"
)

// answered is one line of output: a verdict, or why there is none.
type answered struct {
	Case    string        `json:"case"`
	ID      string        `json:"id,omitempty"`
	Vector  *trial.Vector `json:"vector,omitempty"`
	Lost    string        `json:"lost,omitempty"`    // the filters were not reached
	Refused string        `json:"refused,omitempty"` // Istio or Envoy refuses the policies
}

// casesAtOnce bounds what one Envoy is given.
const casesAtOnce = 400

func answer(args []string) {
	set, bench := flagsOf("ask")
	must(set.Parse(args))
	b, done := bench.bench()
	defer done()
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	say := func(a answered) { must(enc.Encode(a)) }
	var cases []*trial.Case
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	for n := 1; ; n++ {
		var c ask.Case
		if err := in.Decode(&c); err == io.EOF {
			break
		} else {
			must(err)
		}
		prepared, err := prepare(c, n)
		if err != nil {
			say(answered{Case: c.ID, Refused: err.Error()})
			continue
		}
		cases = append(cases, prepared)
	}
	for len(cases) > 0 {
		some := cases[:min(casesAtOnce, len(cases))]
		cases = cases[len(some):]
		try(b, some, say)
	}
}

// meshOf puts a case's own mesh together.
func meshOf(c ask.Case) (*mesh.Mesh, error) {
	var configs []config.Config
	for _, text := range c.Documents {
		docs, err := mesh.Split(text)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			doc := mesh.Parse(d)
			if doc.Err != nil {
				return nil, doc.Err
			}
			configs = append(configs, doc.Config)
		}
	}
	return mesh.New(configs, mesh.Options{TrustDomain: trustDomain, Aliases: c.Aliases})
}

// prepare makes a case ready, at the n-th address.
func prepare(c ask.Case, n int) (*trial.Case, error) {
	m, err := meshOf(c)
	if err != nil {
		return nil, err
	}
	out := &trial.Case{
		Settings: c.Settings, ID: c.ID, Mesh: m, Workload: mesh.Workload{Namespace: c.Namespace, Labels: c.Labels},
		Addrs: []string{gen.DstIP(n), gen.DstIP6(n)}, Metadata: c.Metadata, Features: map[string]bool{},
	}
	for i := range c.Requests {
		q := &c.Requests[i]
		if q.Destination == "" {
			q.Destination = out.Addrs[0]
			if strings.Contains(q.Source, ":") {
				q.Destination = out.Addrs[1]
			}
		}
		out.Requests = append(out.Requests, trial.Asked{ID: fmt.Sprintf("%s/%d", c.ID, i), Request: q})
	}
	return out, nil
}

// try halves the cases until Envoy takes them; one that it does not take alone is refused.
func try(b *trial.Bench, cases []*trial.Case, say func(answered)) {
	t := b.New(rig.Recorded, "", cases)
	if err := t.Run(); err != nil {
		if len(cases) == 1 {
			say(answered{Case: cases[0].ID, Refused: err.Error()})
			return
		}
		half := len(cases) / 2
		try(b, cases[:half], say)
		try(b, cases[half:], say)
		return
	}
	name := func(id string) string { return id[:strings.LastIndex(id, "/")] }
	t.Verdicts(func(v trial.Vector) { say(answered{Case: name(v.ID), ID: v.ID, Vector: &v}) },
		func(id, why string) { say(answered{Case: name(id), ID: id, Lost: why}) })
}
