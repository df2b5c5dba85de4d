package gen

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"gatehouse.test/istiojudge/internal/keys"
)

// Profile says what one world is made of.
type Profile struct {
	Name      string
	Tier      int
	Sets      int
	PerSet    int
	TCPPerSet int
	RawHeader bool     // encode_raw_headers
	Dup       bool     // duplicate headers may occur
	OddIDs    bool     // several SANs, no SAN, odd SPIFFE paths
	From      []string // allowed source fields
	To        []string // allowed operation fields
	When      []string // allowed condition keys
	Templates bool
	Rare      bool // AUDIT, dry-run, targetRef
	JWT       bool
	Root      bool // policies in the root namespace
	V6        bool
	UseRemote bool // use_remote_address
	Hops      uint32
	TD        string
	Aliases   []string
	Seed      uint64
}

// Cond is one `when` entry.
type Cond struct {
	Key       string   `json:"key"`
	Values    []string `json:"values,omitempty"`
	NotValues []string `json:"notValues,omitempty"`
}

// Rule keeps fields by their YAML names.
type Rule struct {
	From []map[string][]string
	To   []map[string][]string
	When []Cond
}

// Policy is one AuthorizationPolicy.
type Policy struct {
	NS, Name, Version, Action string
	Provider                  string // of CUSTOM
	Selector                  map[string]string
	Annotations               map[string]string
	TargetRef                 bool
	Shape                     string // "", "none" (no rules key), "empty" (spec {}), "any" ([{}])
	Rules                     []Rule
}

// YAML renders the policy.
func (p Policy) YAML() string {
	spec := map[string]any{}
	if p.Action != "" {
		spec["action"] = p.Action
	}
	if p.Provider != "" {
		spec["provider"] = map[string]any{"name": p.Provider}
	}
	if p.Selector != nil {
		spec["selector"] = map[string]any{"matchLabels": p.Selector}
	}
	if p.TargetRef {
		spec["targetRefs"] = []any{map[string]any{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gw"}}
	}
	switch p.Shape {
	case "any":
		spec["rules"] = []any{map[string]any{}}
	case "":
		var rules []any
		for _, r := range p.Rules {
			m := map[string]any{}
			wrap := func(key, inner string, list []map[string][]string) {
				var out []any
				for _, e := range list {
					out = append(out, map[string]any{inner: e})
				}
				if out != nil {
					m[key] = out
				}
			}
			wrap("from", "source", r.From)
			wrap("to", "operation", r.To)
			if r.When != nil {
				m["when"] = r.When
			}
			rules = append(rules, m)
		}
		spec["rules"] = rules
	}
	meta := map[string]any{"name": p.Name, "namespace": p.NS}
	if p.Annotations != nil {
		meta["annotations"] = p.Annotations
	}
	out, err := yaml.Marshal(map[string]any{"apiVersion": "security.istio.io/" + p.Version, "kind": "AuthorizationPolicy", "metadata": meta, "spec": spec})
	if err != nil {
		panic(err)
	}
	return string(out)
}

// Theme is the small vocabulary of one set.
type Theme struct {
	NS       string
	Labels   map[string]string
	IDs      []keys.Identity
	Paths    []string
	Methods  []string
	Hosts    []string
	Ports    []string
	Headers  []string
	SrcIPs   []string
	DstIPs   []string
	SNIs     []string
	From     []string
	To       []string
	When     []string
	Tokens   *Tokens
	Issuers  []int
	Metadata map[string]json.RawMessage
}

// Set is one workload with its policies.
type Set struct {
	N        int
	Theme    Theme
	Policies []Policy
	JWT      []RequestAuth
	Features map[string]bool
}

func (g *Gen) theme(n int) Theme {
	r, p := g.r, g.P
	t := Theme{NS: fmt.Sprintf("ns-%04d", n), Labels: map[string]string{"app": pick(r, []string{"reviews", "details"}), "version": pick(r, []string{"v1", "v2"})}}
	all := ids(p.Aliases...)
	certs := append([]keys.Identity{}, all[:6]...)
	certs = append(certs, all[9:]...)
	t.IDs = sample(r, certs, 3)
	if r.p(0.35) {
		t.IDs = append(t.IDs, keys.Identity{Name: "own-" + t.NS, URIs: []string{"spiffe://cluster.local/ns/" + t.NS + "/sa/sleep"}})
	}
	if p.OddIDs && r.p(0.6) {
		t.IDs = append(t.IDs, pick(r, oddIDs))
	}
	if r.p(0.5) {
		t.IDs = append(t.IDs, all[6])
	}
	if r.p(0.5) {
		t.IDs = append(t.IDs, all[7])
	}
	if r.p(0.15) {
		t.IDs = append(t.IDs, all[8])
	}
	t.Paths = sample(r, pathPool, 4)
	t.Methods = sample(r, methodPool, 3)
	t.Hosts = sample(r, hostPool, 3)
	t.Ports = sample(r, portPool, 2)
	t.Headers = sample(r, headerNames, 3)
	t.SrcIPs = sample(r, srcIPs, 3)
	t.DstIPs = []string{DstIP(n)}
	if p.V6 {
		t.SrcIPs = append(t.SrcIPs, pick(r, srcIP6))
		t.DstIPs = append(t.DstIPs, DstIP6(n))
	}
	t.SNIs = sample(r, sniPool, 3)
	t.From = sample(r, p.From, 2)
	t.To = sample(r, p.To, 2)
	t.When = sample(r, p.When, 2)
	if slices.Contains(p.When, "experimental.envoy.filters") {
		text, _ := json.Marshal(map[string]any{
			"word": pick(r, metadataPool), "list": pick(r, []any{sample(r, metadataPool, 2), []any{1, "dev"}, []string{}, map[string]any{"a": "dev"}}),
		})
		t.Metadata = map[string]json.RawMessage{"envoy.filters.http.judge": text}
	}
	if p.JWT {
		t.Tokens = g.tokens
		t.Issuers = sample(r, []int{0, 1, 2}, 1+r.IntN(2))
	}
	return t
}

// DstIP is the address of set n.
func DstIP(n int) string { return fmt.Sprintf("10.64.%d.%d", n/250, n%250+1) }

// DstIP6 is its IPv6 twin.
func DstIP6(n int) string { return fmt.Sprintf("fd00:64::%x", n) }

func principalOf(id keys.Identity) string {
	if len(id.URIs) > 0 {
		return strings.TrimPrefix(pickURI(id), "spiffe://")
	}
	if len(id.DNS) > 0 {
		return id.DNS[0]
	}
	return id.Subject
}

func pickURI(id keys.Identity) string { return id.URIs[len(id.URIs)-1] }

func nsOf(p string) string {
	if _, rest, ok := strings.Cut(p, "/ns/"); ok {
		ns, _, _ := strings.Cut(rest, "/")
		return ns
	}
	return "foo"
}

func saOf(p string) string {
	if _, rest, ok := strings.Cut(p, "/sa/"); ok {
		sa, _, _ := strings.Cut(rest, "/")
		return sa
	}
	return "sleep"
}

// base is a literal of the theme that a request may carry.
func (g *Gen) base(t *Theme, kind string) string {
	r := g.r
	switch kind {
	case "principals":
		return principalOf(pick(r, t.IDs))
	case "namespaces":
		return nsOf(principalOf(pick(r, t.IDs)))
	case "trustDomains":
		td, _, _ := strings.Cut(principalOf(pick(r, t.IDs)), "/")
		if len(td) < 3 || strings.Contains(td, ":") {
			return "cluster.local"
		}
		return td
	case "serviceAccounts":
		return ""
	case "methods":
		return pick(r, t.Methods)
	case "paths":
		return pick(r, t.Paths)
	case "hosts":
		return pick(r, t.Hosts)
	case "requestPrincipals":
		if t.Tokens == nil {
			return issuers[0] + "/alice"
		}
		c := pick(r, t.Tokens.Good(t.Issuers))
		return c.Iss + "/" + c.Sub
	}
	return ""
}

// value makes one policy literal of a field, and says which form it has.
func (g *Gen) value(t *Theme, kind string) (string, string) {
	r := g.r
	switch kind {
	case "ports":
		if r.p(0.03) {
			return "0" + pick(r, t.Ports), "leading-zero"
		}
		if r.p(0.15) {
			return pick(r, tcpPortPool), "exact"
		}
		return pick(r, t.Ports), "exact"
	case "ipBlocks", "remoteIpBlocks":
		if r.p(0.4) {
			return pick(r, t.SrcIPs), "ip"
		}
		return pick(r, ipPatterns), "cidr"
	case "destination.ip":
		switch x := r.Float64(); {
		case x < 0.5:
			return pick(r, t.DstIPs), "ip"
		case x < 0.7:
			return "10.64.0.0/14", "cidr"
		}
		return pick(r, ipPatterns), "cidr"
	case "serviceAccounts":
		p := principalOf(pick(r, t.IDs))
		switch x := r.Float64(); {
		case x < 0.35:
			return saOf(p), "own-namespace"
		case x < 0.9:
			return nsOf(p) + "/" + saOf(p), "namespaced"
		}
		return "f.o/sl.ep", "regex-chars"
	case "connection.sni":
		return starred(r, "x"+pick(r, t.SNIs))
	case "principals":
		v := g.base(t, kind)
		switch x := r.Float64(); {
		case x < 0.04:
			return "spiffe://" + v, "scheme"
		case x < 0.10 && strings.Contains(v, "/ns/"):
			return v[:strings.Index(v, "/sa/")] + "/*", "prefix"
		case x < 0.15 && strings.Contains(v, "/ns/"):
			return "*" + v[strings.Index(v, "/ns/"):], "suffix"
		case x < 0.19:
			return strings.Replace(v, "/ns/", "/n./", 1), "regex-chars"
		}
		return starred(r, v)
	case "namespaces":
		v := g.base(t, kind)
		if r.p(0.05) {
			return v[:1] + "*" + v[len(v)-1:], "midstar"
		}
		return starred(r, v)
	case "trustDomains":
		v := g.base(t, kind)
		switch x := r.Float64(); {
		case x < 0.6:
			return v, "exact"
		case x < 0.75:
			return v[:1+r.IntN(len(v)-1)] + "*", "prefix"
		case x < 0.9:
			return "*" + v[1+r.IntN(len(v)-1):], "suffix"
		}
		return "*", "presence"
	case "paths":
		v := g.base(t, kind)
		switch x := r.Float64(); {
		case g.P.Templates && x < 0.35:
			return pick(r, templatePool), "template"
		case x < 0.40:
			return v + pick(r, []string{"?x=1", "#frag", "/"}), "awkward"
		case x < 0.43:
			return pick(r, []string{"//info", "/info/../admin", "/info/./v1", "info", "/%61dmin", "/admin%2fusers", "/ADMIN*"}), "awkward"
		case x < 0.58 && strings.Count(v, "/") > 1:
			return v[:strings.LastIndex(v, "/")] + "/*", "prefix"
		}
		return starred(r, v)
	case "hosts":
		v := g.base(t, kind)
		switch x := r.Float64(); {
		case x < 0.12:
			return "*.example.com", "suffix"
		case x < 0.16:
			return "*.example.com:*", "doublestar"
		case x < 0.22 && !strings.Contains(v, ":"):
			return v + ":*", "prefix"
		case x < 0.28:
			return flipCase(v), "case"
		}
		return starred(r, v)
	case "requestPrincipals":
		v := g.base(t, kind)
		i := strings.LastIndex(v, "/")
		switch x := r.Float64(); {
		case x < 0.30:
			return v, "exact"
		case x < 0.45:
			return v[:i] + "/*", "iss-any-sub"
		case x < 0.55:
			return "*/" + v[i+1:], "any-iss-sub"
		case x < 0.63:
			return "*", "presence"
		case x < 0.68:
			return "*/*", "star-star"
		}
		return starred(r, v)
	}
	v, how := starred(r, g.base(t, kind))
	return v, how
}

func (g *Gen) values(t *Theme, kind string, feature string, f map[string]bool) []string {
	n := 1 + g.r.IntN(2)
	if g.r.p(0.1) {
		n = 4
	}
	var out []string
	for range n {
		v, how := g.value(t, kind)
		if v == "" {
			continue
		}
		f[feature+":"+how] = true
		out = append(out, v)
	}
	if out == nil {
		out = []string{"*"}
	}
	return out
}

func notName(field string) string { return "not" + strings.ToUpper(field[:1]) + field[1:] }

func (g *Gen) fields(t *Theme, from []string, side string, f map[string]bool) map[string][]string {
	out := map[string][]string{}
	n := 1
	if g.r.p(0.3) {
		n = 2
	}
	for _, field := range sample(g.r, from, n) {
		name := field
		if g.r.p(0.22) {
			name = notName(field)
		}
		if field == "serviceAccounts" && len(out) > 0 {
			continue
		}
		if sa := len(out["serviceAccounts"]) + len(out["notServiceAccounts"]); sa > 0 {
			continue
		}
		out[name] = g.values(t, field, side+name, f)
		f[side+name] = true
		if name == field && g.r.p(0.08) {
			not := notName(field)
			out[not] = g.values(t, field, side+not, f)
			f[side+not] = true
		}
	}
	return out
}

func (g *Gen) cond(t *Theme, f map[string]bool) Cond {
	r := g.r
	key := pick(r, t.When)
	var vals func() string
	feature := "when:" + key
	form := func(v, how string) string { f[feature+":"+how] = true; return v }
	switch {
	case key == "request.headers":
		name := pick(r, t.Headers)
		vals = func() string { return form(starred(r, pick(r, headerPool[name]))) }
		written := name
		switch {
		case r.p(0.25):
			written = strings.ToUpper(name)
		case r.p(0.05):
			written, feature = ":path", "when:request.headers:pseudo"
			vals = func() string { return form(starred(r, pick(r, t.Paths))) }
		case r.p(0.03):
			written, feature = "host", "when:request.headers:pseudo"
			vals = func() string { return form(starred(r, pick(r, t.Hosts))) }
		case r.p(0.03):
			written, feature = ":method", "when:request.headers:pseudo"
			vals = func() string { return form(starred(r, pick(r, t.Methods))) }
		}
		key = "request.headers[" + written + "]"
	case key == "source.ip" || key == "remote.ip":
		vals = func() string { return form(g.value(t, "ipBlocks")) }
	case key == "destination.ip":
		vals = func() string { return form(g.value(t, "destination.ip")) }
	case key == "destination.port":
		vals = func() string { return form(g.value(t, "ports")) }
	case key == "source.namespace":
		vals = func() string { return form(g.value(t, "namespaces")) }
	case key == "source.principal":
		vals = func() string { return form(g.value(t, "principals")) }
	case key == "source.serviceAccount":
		vals = func() string { return form(g.value(t, "serviceAccounts")) }
	case key == "source.trustDomain":
		vals = func() string { return form(g.value(t, "trustDomains")) }
	case key == "experimental.envoy.filters":
		key = "experimental.envoy.filters.http.judge[" + pick(r, []string{"word", "list", "missing"}) + "]"
		vals = func() string {
			v, how := starred(r, pick(r, metadataPool))
			if r.p(0.4) {
				v, how = "["+v+"]", "list-"+how
			}
			return form(v, how)
		}
	case key == "connection.sni":
		vals = func() string {
			s := pick(r, t.SNIs)
			if s == "" {
				s = "reviews.example.com"
			}
			return form(starred(r, s))
		}
	case key == "request.auth.principal":
		vals = func() string { return form(g.value(t, "requestPrincipals")) }
	case key == "request.auth.audiences":
		vals = func() string { return form(starred(r, pick(r, []string{"aud-1", "aud-2", "other"}))) }
	case key == "request.auth.presenter":
		vals = func() string { return form(starred(r, pick(r, []string{"client-1", "client-2"}))) }
	case key == "request.auth.claims":
		c := pick(r, claimPool)
		key = "request.auth.claims" + c.path
		vals = func() string { return form(starred(r, pick(r, c.vals))) }
		f["when:"+"claim"+c.path] = true
	default:
		panic(key)
	}
	f["when:"+strings.SplitN(key, "[", 2)[0]] = true
	list := func() []string {
		out := []string{}
		for range 1 + r.IntN(2) {
			if v := vals(); v != "" {
				out = append(out, v)
			}
		}
		return out
	}
	c := Cond{Key: key}
	switch x := r.Float64(); {
	case x < 0.72:
		c.Values = list()
	case x < 0.92:
		c.NotValues = list()
		f["when:notValues"] = true
	default:
		c.Values, c.NotValues = list(), list()
		f["when:notValues"] = true
	}
	return c
}

func (g *Gen) rule(t *Theme, f map[string]bool, deny bool) Rule {
	r := g.r
	var out Rule
	for len(out.From)+len(out.To)+len(out.When) == 0 {
		if len(t.From) > 0 && r.p(0.6) {
			for range 1 + boolInt(r.p(0.25)) {
				if src := g.fields(t, t.From, "from.", f); len(src) > 0 {
					out.From = append(out.From, src)
				}
			}
		}
		if len(t.To) > 0 && r.p(0.6) {
			for range 1 + boolInt(r.p(0.25)) {
				if op := g.fields(t, t.To, "to.", f); len(op) > 0 {
					out.To = append(out.To, op)
				}
			}
		}
		if len(t.When) > 0 && r.p(pickf(deny, 0.45, 0.3)) {
			for range 1 + boolInt(r.p(0.15)) {
				out.When = append(out.When, g.cond(t, f))
			}
		}
	}
	if len(out.From) > 1 || len(out.To) > 1 {
		f["shape:several-from-to"] = true
	}
	return out
}

func pickf(b bool, x, y float64) float64 {
	if b {
		return x
	}
	return y
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (g *Gen) policy(t *Theme, ns, name string, f map[string]bool) Policy {
	r := g.r
	p := Policy{NS: ns, Name: name, Version: "v1"}
	if r.p(0.3) {
		p.Version = "v1beta1"
	}
	switch x := r.Float64(); {
	case x < 0.60:
		p.Action = pick(r, []string{"", "ALLOW"})
		f["action:ALLOW"] = true
	case x < 0.95 || !g.P.Rare:
		p.Action = "DENY"
		f["action:DENY"] = true
	case x < 0.97:
		// Nobody has configured the provider: what it matches is denied.
		p.Action, p.Provider = "CUSTOM", pick(r, []string{"nobody", "x"})
		f["action:CUSTOM"] = true
	default:
		p.Action = "AUDIT"
		f["action:AUDIT"] = true
	}
	switch x := r.Float64(); {
	case x < 0.20:
		p.Selector = map[string]string{"app": t.Labels["app"]}
		f["selector:match"] = true
	case x < 0.24:
		p.Selector = map[string]string{"app": t.Labels["app"], "version": t.Labels["version"]}
		f["selector:match"] = true
	case x < 0.30:
		p.Selector = map[string]string{"app": "other"}
		f["selector:miss"] = true
	case x < 0.33:
		p.Selector = map[string]string{"app": t.Labels["app"], "version": "v9"}
		f["selector:miss"] = true
	}
	if g.P.Rare && r.p(0.05) && p.Action != "AUDIT" && p.Action != "CUSTOM" {
		p.Annotations = map[string]string{"istio.io/dry-run": pick(r, []string{"true", "false", "1", "T"})}
		f["dry-run"] = true
	}
	if g.P.Rare && r.p(0.02) {
		p.Selector, p.TargetRef = nil, true
		f["targetRef"] = true
	}
	switch x := r.Float64(); {
	case x < 0.03 && p.Action == "":
		p.Shape = "empty"
		if p.Selector != nil || p.TargetRef {
			p.Shape = "none"
		}
		f["shape:no-rules"] = true
		return p
	case x < 0.05 && p.Action != "DENY" && p.Action != "CUSTOM":
		p.Shape = "none"
		f["shape:no-rules"] = true
		return p
	case x < 0.08 && (p.Action != "DENY" || r.p(0.3)):
		p.Shape = "any"
		f["shape:rule-any"] = true
		return p
	}
	n := 1
	if r.p(0.45) {
		n += 1 + r.IntN(2)
		f["shape:several-rules"] = true
	}
	if r.p(0.02) {
		n = 11 // rule[10] sorts before rule[2]
		f["shape:many-rules"] = true
	}
	for range n {
		p.Rules = append(p.Rules, g.rule(t, f, p.Action == "DENY"))
	}
	return p
}
