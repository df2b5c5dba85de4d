package gen

import (
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"gatehouse.test/istiojudge/internal/ask"
	"gatehouse.test/istiojudge/internal/keys"
)

func (g *Gen) blank(s *Set) *ask.Request {
	r, t := g.r, &s.Theme
	q := &ask.Request{Features: map[string]bool{}}
	q.Identity = pick(r, t.IDs)
	if r.p(0.12) {
		q.Identity = pick(r, ids())
	}
	q.SNI = pick(r, t.SNIs)
	q.Source = pick(r, t.SrcIPs)
	q.Port = pick(r, t.Ports)
	q.Method = pick(r, t.Methods)
	q.Path = pick(r, t.Paths)
	q.Host = pick(r, t.Hosts)
	for _, h := range t.Headers {
		if r.p(0.5) {
			q.Set(h, pick(r, headerPool[h]))
		}
	}
	if g.P.UseRemote && r.p(0.7) || usesXFF(g.P) && r.p(0.3) {
		q.Set("x-forwarded-for", pick(r, xffPool))
		q.Features["req:xff"] = true
	}
	return q
}

func usesXFF(p Profile) bool {
	for _, f := range p.From {
		if f == "remoteIpBlocks" {
			return true
		}
	}
	return false
}

// instance makes a string that a pattern matches.
func instance(r rnd, pattern, filler string) string {
	switch {
	case pattern == "*":
		return filler
	case strings.HasPrefix(pattern, "*"):
		return pick(r, []string{"", "x", filler}) + pattern[1:]
	case strings.HasSuffix(pattern, "*"):
		return pattern[:len(pattern)-1] + pick(r, []string{"", "x", "-1"})
	}
	return pattern
}

// Aim makes a request that tends to satisfy one rule of the set.
func (g *Gen) Aim(s *Set) *ask.Request {
	r, q := g.r, g.blank(s)
	t := &s.Theme
	var candidates []Policy
	for _, p := range s.Policies {
		if len(p.Rules) > 0 && (p.Action != "DENY" || r.p(0.25)) {
			candidates = append(candidates, p)
		}
	}
	if len(candidates) > 0 && r.p(0.85) {
		rule := pick(r, pick(r, candidates).Rules)
		if len(rule.From) > 0 {
			g.meetSource(t, q, pick(r, rule.From))
		}
		if len(rule.To) > 0 {
			g.meetOperation(t, q, pick(r, rule.To))
		}
		for _, c := range rule.When {
			g.meetCond(t, q, c)
		}
	}
	if t.Tokens != nil {
		g.addToken(s, q)
	}
	return q
}

func (g *Gen) meetSource(t *Theme, q *ask.Request, src map[string][]string) {
	r := g.r
	idWith := func(ok func(keys.Identity) bool) {
		var c []keys.Identity
		for _, id := range t.IDs {
			if ok(id) {
				c = append(c, id)
			}
		}
		if len(c) > 0 {
			q.Identity = pick(r, c)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(src)) {
		vals := src[field]
		switch field {
		case "principals", "notPrincipals":
			idWith(func(id keys.Identity) bool {
				return (len(id.URIs) > 0 && anyMatch(vals, principalOf(id))) == (field == "principals")
			})
		case "namespaces", "notNamespaces":
			idWith(func(id keys.Identity) bool {
				return (len(id.URIs) > 0 && anyMatch(vals, nsOf(principalOf(id)))) == (field == "namespaces")
			})
		case "serviceAccounts", "notServiceAccounts":
			idWith(func(id keys.Identity) bool {
				p := principalOf(id)
				hit := len(id.URIs) > 0 && (anyMatch(vals, nsOf(p)+"/"+saOf(p)) || nsOf(p) == t.NS && anyMatch(vals, saOf(p)))
				return hit == (field == "serviceAccounts")
			})
		case "trustDomains", "notTrustDomains":
			idWith(func(id keys.Identity) bool {
				td, _, _ := strings.Cut(principalOf(id), "/")
				return (len(id.URIs) > 0 && anyMatch(vals, td)) == (field == "trustDomains")
			})
		case "ipBlocks", "notIpBlocks":
			g.meetIP(t, q, vals, field == "ipBlocks")
		case "remoteIpBlocks":
			g.meetRemote(t, q, vals)
		case "requestPrincipals":
			q.Features["want-token"] = true
		case "notRequestPrincipals":
			if r.p(0.5) {
				q.Features["no-token"] = true
			}
		}
	}
}

func inBlock(block, ip string) bool {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	if p, err := netip.ParsePrefix(block); err == nil {
		return p.Masked().Contains(a)
	}
	b, err := netip.ParseAddr(block)
	return err == nil && b == a
}

func (g *Gen) meetIP(t *Theme, q *ask.Request, vals []string, want bool) {
	for range 8 {
		ip := pick(g.r, append(append([]string{}, t.SrcIPs...), srcIPs...))
		hit := false
		for _, v := range vals {
			hit = hit || inBlock(v, ip)
		}
		if hit == want {
			q.Source = ip
			return
		}
	}
}

func (g *Gen) meetRemote(t *Theme, q *ask.Request, vals []string) {
	if g.r.p(0.5) {
		for range 8 {
			x := pick(g.r, xffPool)
			parts := strings.Split(x, ",")
			last := strings.TrimSpace(parts[len(parts)-1])
			for _, v := range vals {
				if inBlock(v, last) {
					q.Set("x-forwarded-for", x)
					q.Features["req:xff"] = true
					return
				}
			}
		}
	}
	q.Drop("x-forwarded-for")
	g.meetIP(t, q, vals, true)
}

func (g *Gen) fill(tpl string) string {
	r := g.r
	parts := strings.Split(tpl, "/")
	for i, p := range parts {
		switch p {
		case "{*}":
			parts[i] = pick(r, []string{"v1", "42", "x.y", "a%20b", "~u", "a*b", "", "a[b]"})
		case "{**}":
			parts[i] = pick(r, []string{"", "v1", "a/b", "a//b", "x.y/z", "a/b/c/d", "q|r"})
		}
	}
	return strings.Join(parts, "/")
}

func (g *Gen) meetOperation(t *Theme, q *ask.Request, op map[string][]string) {
	r := g.r
	away := func(pool, vals []string) string {
		v := pick(r, pool)
		for range 6 {
			if !anyMatch(vals, v) {
				return v
			}
			v = pick(r, pool)
		}
		return v
	}
	for _, field := range slices.Sorted(maps.Keys(op)) {
		vals := op[field]
		switch field {
		case "paths":
			v := pick(r, vals)
			if strings.Contains(v, "{*") {
				q.Path = g.fill(v)
			} else {
				q.Path = instance(r, v, pick(r, t.Paths))
			}
			if !strings.HasPrefix(q.Path, "/") && r.p(0.97) {
				q.Path = "/" + q.Path
			}
		case "notPaths":
			q.Path = away(pathPool, vals)
		case "methods":
			q.Method = pick(r, t.Methods)
			for range 8 {
				if anyMatch(vals, q.Method) {
					break
				}
				q.Method = pick(r, methodPool)
			}
		case "notMethods":
			q.Method = away(methodPool, vals)
		case "hosts":
			q.Host = instance(r, pick(r, vals), pick(r, t.Hosts))
			if r.p(0.15) {
				q.Host = flipCase(q.Host)
			}
		case "notHosts":
			q.Host = away(hostPool, vals)
		case "ports":
			q.Port = strings.TrimLeft(pick(r, vals), "0")
		case "notPorts":
			q.Port = away(portPool, vals)
		}
	}
}

func (g *Gen) meetCond(t *Theme, q *ask.Request, c Cond) {
	r := g.r
	if len(c.Values) == 0 {
		if name, ok := headerOf(c.Key); ok && r.p(0.5) && !strings.HasPrefix(name, ":") {
			q.Drop(name)
		}
		return
	}
	v := pick(r, c.Values)
	switch {
	case strings.HasPrefix(c.Key, "request.headers["):
		name, _ := headerOf(c.Key)
		switch name {
		case ":path":
			q.Path = instance(r, v, q.Path)
		case ":method":
			q.Method = instance(r, v, q.Method)
		case "host":
			q.Host = instance(r, v, q.Host)
		default:
			pool := headerPool[canonical(name)]
			q.Set(name, instance(r, v, pick(r, pool)))
		}
	case c.Key == "source.ip":
		g.meetIP(t, q, c.Values, true)
	case c.Key == "remote.ip":
		g.meetRemote(t, q, c.Values)
	case c.Key == "destination.port":
		q.Port = strings.TrimLeft(v, "0")
	case c.Key == "connection.sni":
		q.SNI = instance(r, v, pick(r, t.SNIs))
	case c.Key == "source.principal":
		g.meetSource(t, q, map[string][]string{"principals": c.Values})
	case c.Key == "source.namespace":
		g.meetSource(t, q, map[string][]string{"namespaces": c.Values})
	case c.Key == "source.serviceAccount":
		g.meetSource(t, q, map[string][]string{"serviceAccounts": c.Values})
	case c.Key == "source.trustDomain":
		g.meetSource(t, q, map[string][]string{"trustDomains": c.Values})
	case strings.HasPrefix(c.Key, "request.auth."):
		q.Features["want-token"] = true
	}
}

func headerOf(key string) (string, bool) {
	if !strings.HasPrefix(key, "request.headers[") {
		return "", false
	}
	return strings.TrimSuffix(strings.TrimPrefix(key, "request.headers["), "]"), true
}

func canonical(name string) string {
	for _, h := range headerNames {
		if strings.EqualFold(h, name) {
			return h
		}
	}
	return headerNames[0]
}

func (g *Gen) addToken(s *Set, q *ask.Request) {
	r := g.r
	want := q.Features["want-token"]
	if q.Features["no-token"] || (!want && r.p(0.35)) || r.p(0.08) {
		q.Features["token:none"] = true
		return
	}
	tok := pick(r, s.Theme.Tokens.Good(s.Theme.Issuers))
	if r.p(0.28) {
		tok = pick(r, s.Theme.Tokens.all)
	}
	if len(s.JWT) == 0 {
		return
	}
	g.place(s, q, tok)
	if r.p(0.05) {
		q.Features["token:two"] = true
		g.place(s, q, pick(r, s.Theme.Tokens.all))
	}
}

func (g *Gen) place(s *Set, q *ask.Request, tok Token) {
	r := g.r
	q.Features["token:"+tok.Kind] = true
	auth := pick(r, s.JWT)
	rule := pick(r, auth.Rules)
	for _, a := range s.JWT {
		for _, x := range a.Rules {
			if x.Issuer == tok.issuer && r.p(0.7) {
				rule = x
			}
		}
	}
	type put func()
	var at []put
	for _, h := range rule.Header {
		at = append(at, func() { q.Set(h["name"], h["prefix"]+tok.Text) })
	}
	for _, p := range rule.Params {
		at = append(at, func() { query(q, p, tok.Text) })
	}
	for _, c := range rule.Cookie {
		at = append(at, func() { q.Set("cookie", "theme=dark; "+c+"="+tok.Text) })
	}
	if at == nil || r.p(0.1) {
		at = []put{
			func() { q.Set("Authorization", "Bearer "+tok.Text) },
			func() { q.Set("Authorization", "Bearer "+tok.Text) },
			func() { q.Set("Authorization", "Bearer "+tok.Text) },
			func() { query(q, "access_token", tok.Text); q.Features["token:query"] = true },
			func() {
				q.Set("Authorization", pick(r, []string{"bearer ", "Bearer", "Basic ", "", "Token Bearer ", "Bearer  ", "Bearer \t"})+tok.Text)
				q.Features["token:odd-prefix"] = true
			},
		}
	}
	pick(r, at)()
}

func query(q *ask.Request, name, value string) {
	sep := "?"
	if strings.Contains(q.Path, "?") {
		sep = "&"
	}
	q.Path += sep + name + "=" + url.QueryEscape(value)
}

// Mutate changes a request a little.
func (g *Gen) Mutate(s *Set, q *ask.Request) {
	r, t := g.r, &s.Theme
	mark := func(f string) { q.Features["mut:"+f] = true }
	dup := g.P.Dup
	ops := []func(){
		func() {
			mark("path")
			cut := strings.IndexAny(q.Path, "?#")
			path, tail := q.Path, ""
			if cut >= 0 {
				path, tail = q.Path[:cut], q.Path[cut:]
			}
			ways := []func(string) string{
				func(p string) string { return p + "/" },
				func(p string) string { return p + "/x" },
				func(p string) string { return p + "x" },
				func(p string) string { return strings.Replace(p, "/", "//", 1) },
				func(p string) string { return strings.TrimSuffix(p, "/") + "//" },
				func(p string) string { return strings.Replace(p, "/", "/./", 1) },
				func(p string) string { return "/zzz/.." + p },
				func(p string) string { return p + "/.." },
				func(p string) string { return p + "/../admin" },
				func(p string) string { return p + "/%2e%2e/admin" },
				func(p string) string { return p + "/..%2fadmin" },
				func(p string) string { return p + "/..;x/admin" },
				func(p string) string { return p + ";x=1" },
				func(p string) string { return p + "%2Fx" },
				func(p string) string { return p + "%2fx" },
				func(p string) string { return p + "%5Cx" },
				func(p string) string { return p + "\\x" },
				func(p string) string { return strings.ToUpper(p) },
				func(p string) string {
					if len(p) > 2 && p[1] != '%' {
						return p[:1] + "%" + hex(p[1]) + p[2:]
					}
					return p
				},
				func(p string) string { return p + "%00" },
				func(p string) string { return p + "[x]" },
				func(p string) string { return p + "*" },
				func(p string) string { return p + "/;/x" },
				func(p string) string { return p + "/.../x" },
				func(p string) string { return p + "%zz" },
				func(p string) string { return p + "|\"<^`{}" },
				func(p string) string { return p + "\xc3\xa9\xff" },
				func(p string) string { return "\\" + p },
				func(p string) string { return p + "\\..\\admin" },
				func(p string) string { return "http://Other.Example:8080" + p },
				func(p string) string { return p + "/" + strings.Repeat("a/", 2000) },
			}
			q.Path = pick(r, ways)(path) + tail
		},
		func() { mark("query"); q.Path += pick(r, []string{"?x=1", "?", "?a=/admin", "?x=1#y"}) },
		func() { mark("fragment"); q.Path += pick(r, []string{"#f", "#", "#/../x?y"}) },
		func() {
			mark("method")
			q.Method = pick(r, append([]string{"get", "post", "FOO", "Get"}, methodPool...))
		},
		func() {
			mark("host")
			q.Host = pick(r, []string{q.Host + ":8080", flipCase(q.Host), "x" + q.Host, q.Host + "x", strings.Split(q.Host, ":")[0], q.Host + ".", "", "[" + q.Host + "]", "user@" + q.Host, q.Host + ":"})
		},
		func() { mark("identity"); q.Identity = pick(r, ids()) },
		func() { mark("port"); q.Port = pick(r, portPool) },
		func() { mark("src-ip"); q.Source = pick(r, srcIPs) },
		func() {
			if len(q.Headers) == 0 {
				return
			}
			h := pick(r, q.Headers)
			low := strings.ToLower(h.Name)
			if strings.Contains(low, "auth") || strings.Contains(low, "jwt") {
				return
			}
			mark("header")
			switch r.IntN(6) {
			case 0:
				q.Drop(h.Name)
			case 1:
				q.Set(h.Name, "")
			case 2:
				q.Set(h.Name, flipCase(h.Value))
			case 3:
				q.Set(h.Name, h.Value+pick(r, []string{"x", ",x", ", x", " "}))
			case 4:
				q.Set(h.Name, pick(r, []string{"x,", "x, ", "x"})+h.Value)
			default:
				q.Set(strings.ToUpper(h.Name), h.Value)
			}
		},
	}
	if dup {
		for range 3 {
			ops = append(ops, func() {
				if len(q.Headers) == 0 {
					return
				}
				h := pick(r, q.Headers)
				q.Features["req:dup-header"] = true
				other := ask.Header{Name: h.Name, Value: pick(r, []string{"other", "", "x", h.Value})}
				if pool, ok := headerPool[canonical(h.Name)]; ok && r.p(0.6) {
					other.Value = pick(r, pool)
				}
				if r.p(0.5) {
					q.Headers = append(q.Headers, other)
				} else {
					q.Headers = append([]ask.Header{other}, q.Headers...)
				}
			})
		}
	}
	if t.Tokens != nil {
		ops = append(ops, func() {
			mark("cors")
			q.Method = "OPTIONS"
			q.Set("Origin", pick(r, []string{"https://a.example", ""}))
			if r.p(0.8) {
				q.Set("Access-Control-Request-Method", "GET")
			}
		})
	}
	pick(r, ops)()
}

func hex(b byte) string {
	const d = "0123456789ABCDEF"
	return string([]byte{d[b>>4], d[b&15]})
}

// Next makes one request of a set.
func (g *Gen) Next(s *Set) *ask.Request {
	r := g.r
	q := g.Aim(s)
	for r.p(0.33) {
		g.Mutate(s, q)
	}
	q.H2 = r.p(0.25)
	if q.H2 && r.p(0.25) || strings.HasPrefix(q.Path, "/pkg.") && r.p(0.5) {
		q.H2, q.GRPC, q.Method = true, true, "POST"
		q.Set("content-type", "application/grpc")
		q.Set("te", "trailers")
		q.Features["req:grpc"] = true
	}
	if q.H2 {
		q.Features["req:h2"] = true
	}
	g.finish(s, q)
	return q
}

// NextTCP makes one TCP connection of a set.
func (g *Gen) NextTCP(s *Set) *ask.Request {
	q := g.Aim(s)
	q.TCP = true
	q.Port = pick(g.r, tcpPortPool)
	if g.r.p(0.2) {
		q.Identity = pick(g.r, ids())
	}
	g.finish(s, q)
	q.Features = map[string]bool{"req:tcp": true, "id:" + idClass(q.Identity): true}
	return q
}

func (g *Gen) finish(s *Set, q *ask.Request) {
	v6 := strings.Contains(q.Source, ":")
	q.Destination = DstIP(s.N)
	if v6 {
		q.Destination = DstIP6(s.N)
		q.Features["req:ipv6"] = true
	}
	if !q.TCP && !slices.Contains(portPool, q.Port) {
		q.Port = pick(g.r, portPool)
	}
	delete(q.Features, "want-token")
	delete(q.Features, "no-token")
	q.Features["id:"+idClass(q.Identity)] = true
	if strings.ContainsAny(q.Path, " \t\r\n") {
		q.Path = strings.NewReplacer(" ", "%20", "\t", "").Replace(q.Path)
	}
	if q.Identity.Plain {
		q.SNI = ""
	}
}

func idClass(id keys.Identity) string {
	switch {
	case strings.HasPrefix(id.Name, "own-"):
		return "own-namespace"
	case len(id.URIs) > 1 || len(id.DNS) > 1 || strings.HasPrefix(id.Name, "odd") || id.Name == "https-uri" || id.Name == "subject-only" || id.Name == "uri-and-dns":
		return id.Name
	case id.Plain, id.NoCert, len(id.DNS) > 0:
		return id.Name
	}
	return "uri"
}
