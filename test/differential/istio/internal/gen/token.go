package gen

import (
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	"gatehouse.test/istiojudge/internal/keys"
)

type claim struct {
	path string
	vals []string
}

var claimPool = []claim{
	{"[groups]", []string{"dev", "ops", "dev-1"}},
	{"[role]", []string{"admin", "viewer"}},
	{"[realm_access][roles]", []string{"editor", "reader"}},
	{"[scope]", []string{"read", "write", "read write"}},
	{"[level]", []string{"1", "2"}},
	{"[member]", []string{"true", "false"}},
	{"[https://example.com/role]", []string{"admin", "viewer"}},
	{"[permissions]", []string{"p1", "p2", "p1 p2"}},
	{"[deep][a][b]", []string{"x", "y"}},
	{"[sub]", []string{"alice", "bob"}},
	{"[iss]", []string{"https://issuer-a.example", "issuer-b@example.com"}},
	{"[missing]", []string{"x"}},
}

var issuers = []string{"https://issuer-a.example", "issuer-b@example.com", "https://issuer-c.example/"}

// Token is one minted credential.
type Token struct {
	Iss, Sub string
	Text     string
	Kind     string // "good", "expired", ...
	issuer   int
}

// Tokens is the pool of one world.
type Tokens struct {
	signers []*keys.Signer
	all     []Token
}

// Good are the valid tokens of some issuers.
func (t *Tokens) Good(is []int) []Token {
	var out []Token
	for _, tok := range t.all {
		for _, i := range is {
			if tok.issuer == i && tok.Kind == "good" {
				out = append(out, tok)
			}
		}
	}
	return out
}

const far = 4070908800 // 2099-01-01

func newTokens(r rnd) *Tokens {
	t := &Tokens{signers: []*keys.Signer{
		keys.NewSigner("rsa-a", pick(r, []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})), keys.NewSigner("ec-b", pick(r, []string{"ES256", "ES384", "ES512"})),
		keys.NewSigner("any-c", pick(r, []string{"EdDSA", "ES256", "PS256"})), keys.NewSigner("ec-x", "ES256"),
	}}
	for i, iss := range issuers {
		s := t.signers[i]
		for n := range 9 {
			sub := pick(r, []string{"alice", "bob", "spiffe://cluster.local/ns/foo/sa/sleep", "team/alice"})
			c := map[string]any{"iss": iss, "sub": sub, "exp": far, "iat": 1767225600, "aud": pick(r, []any{"aud-1", "aud-2", []string{"aud-1", "aud-2"}, []string{"other"}}),
				"groups": pick(r, []any{[]string{"dev"}, []string{"ops", "dev-1"}, "dev", []any{1, "ops"}}), "role": pick(r, []any{"admin", "viewer"}),
			}
			if r.p(0.6) {
				c["azp"] = pick(r, []any{"client-1", "client-2"})
			}
			if r.p(0.6) {
				c["realm_access"] = map[string]any{"roles": pick(r, []any{[]string{"editor", "reader"}, []string{"reader"}, "editor"})}
			}
			if r.p(0.6) {
				c["scope"] = pick(r, []any{"read", "read write", "write", []string{"read"}, []string{"read write"}})
			}
			if r.p(0.4) {
				c["level"], c["member"] = 1, true
				c["https://example.com/role"] = pick(r, []any{"admin", "viewer"})
			}
			if r.p(0.4) {
				c["permissions"] = pick(r, []any{"p1 p2", "p1", []string{"p2"}})
				c["deep"] = map[string]any{"a": map[string]any{"b": pick(r, []any{"x", []string{"x", "y"}, 3})}}
			}
			header := map[string]any{}
			if n%4 == 3 {
				header["kid"] = nil
			}
			t.add(i, iss, sub, "good", s.Sign(c, header))
			bad := func(kind string, change func(map[string]any), h map[string]any) {
				d := map[string]any{}
				for k, v := range c {
					d[k] = v
				}
				change(d)
				t.add(i, iss, sub, kind, s.Sign(d, h))
			}
			switch n {
			case 0:
				bad("expired", func(d map[string]any) { d["exp"] = 1577836800 }, nil)
				bad("not-yet", func(d map[string]any) { d["nbf"] = far - 1 }, nil)
				bad("no-exp", func(d map[string]any) { delete(d, "exp") }, nil)
			case 1:
				bad("unknown-kid", func(map[string]any) {}, map[string]any{"kid": "nobody"})
				bad("unknown-issuer", func(d map[string]any) { d["iss"] = "https://stranger.example" }, nil)
				bad("no-issuer", func(d map[string]any) { delete(d, "iss") }, nil)
			case 2:
				bad("wrong-aud", func(d map[string]any) { d["aud"] = "nobody" }, nil)
				bad("no-aud", func(d map[string]any) { delete(d, "aud") }, nil)
				bad("no-sub", func(d map[string]any) { delete(d, "sub") }, nil)
				bad("aud-url", func(d map[string]any) { d["aud"] = "https://aud-1/" }, nil)
			case 3:
				t.add(i, iss, sub, "alg-none", keys.None(c))
				t.add(i, iss, sub, "hmac", s.HMAC(c))
				t.add(i, iss, sub, "wrong-key", t.signers[3].Sign(c, map[string]any{"kid": s.Kid}))
			case 4:
				x := []byte(s.Sign(c, nil))
				x[len(x)-8] ^= 1
				t.add(i, iss, sub, "bad-signature", string(x))
				t.add(i, iss, sub, "two-parts", "abc.def")
				t.add(i, iss, sub, "not-base64", "a!b.c!d.e!f")
				t.add(i, iss, sub, "not-json", "YWJj.YWJj.YWJj")
			case 5:
				bad("exp-string", func(d map[string]any) { d["exp"] = "soon" }, nil)
				bad("sub-number", func(d map[string]any) { d["sub"] = 7 }, nil)
				bad("aud-number", func(d map[string]any) { d["aud"] = 7 }, nil)
				bad("alg-unknown", func(map[string]any) {}, map[string]any{"alg": "XX"})
				bad("kid-number", func(map[string]any) {}, map[string]any{"kid": 5})
			case 6:
				bad("alg-other", func(map[string]any) {}, map[string]any{"alg": pick(r, []string{"RS512", "ES384", "HS256", "EdDSA", "rs256"})})
				bad("exp-float", func(d map[string]any) { d["exp"] = 4070908800.5 }, nil)
				bad("exp-negative", func(d map[string]any) { d["exp"] = -1 }, nil)
				bad("exp-zero", func(d map[string]any) { d["exp"] = 0 }, nil)
				bad("iat-string", func(d map[string]any) { d["iat"] = "now" }, nil)
				bad("jti-number", func(d map[string]any) { d["jti"] = 7 }, nil)
				bad("iss-list", func(d map[string]any) { d["iss"] = []string{iss} }, nil)
				bad("aud-mixed", func(d map[string]any) { d["aud"] = []any{"aud-1", 7} }, nil)
			case 7:
				bad("deep", func(d map[string]any) { d["deep"] = nested(98) }, nil)
				bad("too-deep", func(d map[string]any) { d["deep"] = nested(120) }, nil)
				bad("large", func(d map[string]any) { d["filler"] = strings.Repeat("x", 9000) }, nil)
				bad("kid-empty", func(map[string]any) {}, map[string]any{"kid": ""})
				t.add(i, iss, sub, "trailing-dot", s.Sign(c, nil)+".")
				t.add(i, iss, sub, "three-dots", s.Sign(c, nil)+".x")
				t.add(i, iss, sub, "padded", s.Sign(c, nil)+"=")
				t.add(i, iss, sub, "spaced", s.Sign(c, nil)+" x")
			}
		}
	}
	return t
}

// nested is a list in a list in a list.
func nested(depth int) any {
	if depth == 0 {
		return "x"
	}
	return []any{nested(depth - 1)}
}

func (t *Tokens) add(i int, iss, sub, kind, text string) {
	t.all = append(t.all, Token{Iss: iss, Sub: sub, Text: text, Kind: kind, issuer: i})
}

// RequestAuth is one RequestAuthentication.
type RequestAuth struct {
	NS, Name string
	Selector map[string]string
	Rules    []JWTRule
}

// JWTRule is one issuer.
type JWTRule struct {
	Issuer int
	Body   map[string]any
	Header []map[string]string
	Params []string
	Cookie []string
}

// YAML renders it.
func (a RequestAuth) YAML() string {
	var rules []any
	for _, r := range a.Rules {
		rules = append(rules, r.Body)
	}
	spec := map[string]any{"jwtRules": rules}
	if a.Selector != nil {
		spec["selector"] = map[string]any{"matchLabels": a.Selector}
	}
	out, err := yaml.Marshal(map[string]any{"apiVersion": "security.istio.io/v1", "kind": "RequestAuthentication", "metadata": map[string]any{"name": a.Name, "namespace": a.NS}, "spec": spec})
	if err != nil {
		panic(err)
	}
	return string(out)
}

func (g *Gen) jwtRule(issuer int, f map[string]bool) JWTRule {
	r, s := g.r, g.tokens.signers[issuer]
	keySet := []map[string]any{s.JWK(r.p(0.7), r.p(0.4))}
	if r.p(0.3) {
		keySet = append(keySet, g.tokens.signers[(issuer+1)%3].JWK(true, false))
	}
	rule := JWTRule{Issuer: issuer, Body: map[string]any{"issuer": issuers[issuer], "jwks": keys.JWKS(keySet...)}}
	b := rule.Body
	if r.p(0.3) {
		b["audiences"] = sample(r, []string{"aud-1", "aud-2", "https://aud-1", "aud-1/", "http://aud-2/", "AUD-1"}, 1+r.IntN(2))
		f["jwt:audiences"] = true
	}
	if r.p(0.25) {
		h := map[string]string{"name": pick(r, []string{"x-jwt", "X-Jwt-Assertion", "authorization"})}
		if r.p(0.6) {
			h["prefix"] = pick(r, []string{"Bearer ", "JWT ", "tok="})
		}
		rule.Header = append(rule.Header, h)
		b["fromHeaders"] = rule.Header
		f["jwt:fromHeaders"] = true
	}
	if r.p(0.15) {
		rule.Params = []string{"token"}
		b["fromParams"] = rule.Params
		f["jwt:fromParams"] = true
	}
	if r.p(0.12) {
		rule.Cookie = []string{"jwt"}
		b["fromCookies"] = rule.Cookie
		f["jwt:fromCookies"] = true
	}
	if r.p(0.3) {
		b["forwardOriginalToken"] = true
	}
	if r.p(0.15) {
		b["outputPayloadToHeader"] = "x-payload"
		f["jwt:outputPayloadToHeader"] = true
	}
	if r.p(0.2) {
		b["outputClaimToHeaders"] = []any{map[string]any{"header": "x-user", "claim": "sub"}, map[string]any{"header": "X-Team", "claim": pick(r, []string{"role", "realm_access.roles", "level", "deep.a.b"})}}
		f["jwt:outputClaimToHeaders"] = true
	}
	if r.p(0.15) {
		b["spaceDelimitedClaims"] = []string{"permissions"}
		f["jwt:spaceDelimitedClaims"] = true
	}
	return rule
}

func (g *Gen) requestAuths(t *Theme, f map[string]bool) []RequestAuth {
	r := g.r
	var out []RequestAuth
	for n, i := range t.Issuers {
		a := RequestAuth{NS: t.NS, Name: fmt.Sprintf("jwt-%d", n), Rules: []JWTRule{g.jwtRule(i, f)}}
		if r.p(0.15) {
			a.Selector = map[string]string{"app": pick(r, []string{t.Labels["app"], "other"})}
			f["jwt:selector"] = true
		}
		if n == 0 && r.p(0.15) {
			a.Rules = append(a.Rules, g.jwtRule((i+1)%3, f))
		}
		if n == 0 && r.p(0.05) {
			a.Rules = append(a.Rules, g.jwtRule(i, f))
			f["jwt:same-issuer-twice"] = true
		}
		out = append(out, a)
	}
	total := 0
	for _, a := range out {
		total += len(a.Rules)
	}
	f["jwt"] = true
	if total > 1 {
		f["jwt:several-rules"] = true
	}
	return out
}
