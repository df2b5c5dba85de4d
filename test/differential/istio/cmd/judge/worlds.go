package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"istio.io/istio/pkg/config"

	"gatehouse.test/istiojudge/internal/ask"
	"gatehouse.test/istiojudge/internal/gen"
	"gatehouse.test/istiojudge/internal/mesh"
	"gatehouse.test/istiojudge/internal/trial"
)

// made is one world: its policies on disk, its cases in memory.
type made struct {
	profile gen.Profile
	dir     string
	cases   []*trial.Case
	refused int
}

// profiles are the chosen kinds of world.
func profiles(names string, seed uint64, factor float64) []gen.Profile {
	wanted := map[string]bool{}
	for _, w := range strings.Split(names, ",") {
		wanted[w] = true
	}
	var out []gen.Profile
	for _, p := range gen.Worlds() {
		if wanted["all"] || wanted[p.Name] {
			p.Seed += seed
			p.Sets = max(1, int(float64(p.Sets)*factor))
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		must(fmt.Errorf("no world is called %s", names))
	}
	return out
}

// make draws the policies of a world and writes them under dir, then draws the requests.
func makeWorld(p gen.Profile, out string) made {
	g := gen.New(p)
	dir := filepath.Join(out, p.Name)
	must(os.RemoveAll(dir))
	must(os.MkdirAll(filepath.Join(dir, "policies"), 0o755))
	var configs []config.Config
	file := func(name string, docs []string) {
		for _, d := range docs {
			doc := mesh.Parse(d)
			must(doc.Err)
			configs = append(configs, doc.Config)
		}
		must(os.WriteFile(filepath.Join(dir, "policies", name+".yaml"), []byte(strings.Join(docs, "---\n")), 0o644))
	}
	if root := g.RootYAML(); len(root) > 0 {
		file(mesh.RootNamespace, root)
	}
	var sets []*gen.Set
	for n := 1; n <= p.Sets; n++ {
		sets = append(sets, g.Set(n))
	}
	for _, s := range sets {
		file(s.Theme.NS, s.YAML())
	}
	m, err := mesh.New(configs, mesh.Options{TrustDomain: trustDomain, Aliases: p.Aliases})
	must(err)
	w := made{profile: p, dir: dir, refused: len(g.Refused)}
	for _, s := range sets {
		w.cases = append(w.cases, caseOf(g, s, m))
	}
	return w
}

const trustDomain = "cluster.local"

func caseOf(g *gen.Gen, s *gen.Set, m *mesh.Mesh) *trial.Case {
	p := g.P
	c := &trial.Case{
		Settings: ask.Settings{RawHeaders: p.RawHeader, UseRemoteAddress: p.UseRemote, TrustedHops: p.Hops, Aliases: p.Aliases},
		ID:       s.Theme.NS, Mesh: m, Workload: mesh.Workload{Namespace: s.Theme.NS, Labels: s.Theme.Labels},
		Addrs: []string{gen.DstIP(s.N), gen.DstIP6(s.N)}, Metadata: s.Theme.Metadata, Features: s.Features,
	}
	for i := range p.PerSet {
		c.Requests = append(c.Requests, trial.Asked{ID: fmt.Sprintf("%s/%s/%02d", p.Name, s.Theme.NS, i), Request: g.Next(s)})
	}
	for i := range p.TCPPerSet {
		c.Requests = append(c.Requests, trial.Asked{ID: fmt.Sprintf("%s/%s/t%02d", p.Name, s.Theme.NS, i), Request: g.NextTCP(s)})
	}
	return c
}
