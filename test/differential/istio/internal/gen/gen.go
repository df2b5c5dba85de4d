package gen

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"gatehouse.test/istiojudge/internal/mesh"
)

// Gen makes the sets of one world.
type Gen struct {
	P       Profile
	r       rnd
	tokens  *Tokens
	Root    []Policy
	RootF   map[string]bool
	Refused []Refused
}

// Refused is a document Istio would not take.
type Refused struct{ YAML, Error, Class string }

// New seeds a generator.
func New(p Profile) *Gen {
	g := &Gen{P: p, r: rnd{rand.New(rand.NewPCG(p.Seed, 0x6761746568))}, RootF: map[string]bool{}}
	if p.JWT {
		g.tokens = newTokens(g.r)
	}
	if p.Root {
		g.root()
	}
	return g
}

func (g *Gen) valid(text string) bool {
	d := mesh.Parse(text)
	if d.Err != nil {
		g.Refused = append(g.Refused, Refused{text, d.Err.Error(), d.Class})
		return false
	}
	return true
}

// root policies reach every set of the world, so they are narrow.
func (g *Gen) root() {
	ns := mesh.RootNamespace
	add := func(p Policy) {
		p.NS, p.Version = ns, "v1"
		g.Root = append(g.Root, p)
		if !g.valid(p.YAML()) {
			panic("root policy refused")
		}
	}
	add(Policy{Name: "deny-reset", Action: "DENY", Rules: []Rule{{To: []map[string][]string{{"paths": {"/pkg.Admin/*", "/admin/users"}, "notPorts": {"9090"}}}}}})
	add(Policy{Name: "deny-foo-bar", Action: "DENY", Selector: map[string]string{"app": "reviews"}, Rules: []Rule{{From: []map[string][]string{{"namespaces": {"foo-bar"}}}, To: []map[string][]string{{"notMethods": {"GET", "HEAD"}}}}}})
	add(Policy{Name: "allow-health", Action: "ALLOW", Rules: []Rule{{To: []map[string][]string{{"paths": {"/healthz"}, "methods": {"GET", "HEAD"}}}}}})
	add(Policy{Name: "allow-probe", Selector: map[string]string{"version": "v2"}, Rules: []Rule{{When: []Cond{{Key: "request.headers[User-Agent]", Values: []string{"kube-probe/*"}}}}}})
	add(Policy{Name: "allow-nothing", Selector: map[string]string{"app": "nowhere"}, Shape: "none"})
	g.RootF = map[string]bool{"root": true, "action:DENY": true, "action:ALLOW": true, "to.paths": true, "to.methods": true, "to.notMethods": true, "to.notPorts": true, "from.namespaces": true, "when:request.headers": true, "selector:match": true}
}

// Set makes set number n (1-based).
func (g *Gen) Set(n int) *Set {
	s := &Set{N: n, Features: map[string]bool{}}
	s.Theme = g.theme(n)
	for k := range g.RootF {
		s.Features[k] = true
	}
	if g.P.JWT {
		for s.JWT == nil {
			f := map[string]bool{}
			list := g.requestAuths(&s.Theme, f)
			ok := true
			for _, a := range list {
				ok = ok && g.valid(a.YAML())
			}
			if ok {
				s.JWT = list
				merge(s.Features, f)
			}
		}
	}
	count := 1
	if g.r.p(0.6) {
		count += 1 + g.r.IntN(2)
	}
	if g.r.p(0.12) {
		count = 4 + g.r.IntN(3)
	}
	for i := 0; len(s.Policies) < count; i++ {
		f := map[string]bool{}
		p := g.policy(&s.Theme, s.Theme.NS, fmt.Sprintf("p%d", len(s.Policies)), f)
		if g.valid(p.YAML()) {
			s.Policies = append(s.Policies, p)
			merge(s.Features, f)
		}
	}
	return s
}

// RootYAML are the policies of the root namespace.
func (g *Gen) RootYAML() []string {
	var out []string
	for _, r := range g.Root {
		out = append(out, r.YAML())
	}
	return out
}

// YAML is the set's file.
func (s *Set) YAML() []string {
	var out []string
	for _, a := range s.JWT {
		out = append(out, a.YAML())
	}
	for _, p := range s.Policies {
		out = append(out, p.YAML())
	}
	return out
}

// Tier1 says whether a set stays inside the first tier.
func Tier1(features []string) bool {
	for _, k := range features {
		ok := false
		for _, p := range []string{"action:ALLOW", "action:DENY", "from.principals", "from.notPrincipals", "from.namespaces", "from.notNamespaces", "to.methods", "to.notMethods", "to.paths", "to.notPaths", "to.hosts", "to.notHosts", "to.ports", "to.notPorts", "when:request.headers", "when:notValues", "selector", "shape:", "root", "req:", "mut:", "id:"} {
			ok = ok || strings.HasPrefix(k, p)
		}
		if !ok || strings.Contains(k, "template") {
			return false
		}
	}
	return true
}

func merge(a, b map[string]bool) {
	for k := range b {
		a[k] = true
	}
}
