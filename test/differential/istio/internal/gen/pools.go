// Package gen makes seeded random policy sets and requests that are likely to meet them.
package gen

import (
	"math/rand/v2"
	"strings"

	"gatehouse.test/istiojudge/internal/keys"
)

var pathPool = []string{
	"/info", "/info/v1", "/data", "/data/", "/admin", "/admin/users", "/api/v1/items", "/api/v1/items/42",
	"/api/v1/items/42/reviews", "/store/cart", "/store/a/b/cart", "/healthz", "/", "/files/report.json", "/files/report.txt",
	"/pkg.Echo/Say", "/pkg.Echo/Shout", "/pkg.Admin/Reset", "/a%2Fb", "/INFO", "/m;v=1/c", "/~user/x", "/sp%20ace", "/caf%C3%A9", "/a*b", "/x@y:z,w",
}
var methodPool = []string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"}
var hostPool = []string{
	"reviews.example.com", "Reviews.Example.com", "reviews.example.com:8080", "details.example.com", "example.com",
	"details.example.com:443", "10.64.0.1:8080", "reviews.foo.svc.cluster.local", "REVIEWS.FOO.svc.cluster.local:9090", "localhost", "[fd00:64::1]:8080", "[FD00:64::1]", "example.com.", "",
}
var portPool = []string{"80", "8080", "8443", "9090"}
var tcpPortPool = []string{"3306", "9000"}
var headerPool = map[string][]string{
	"x-user":       {"alice", "bob", "admin", "admin,user", "", "Alice"},
	"X-Team":       {"red", "blue", "red-1", "red-2", "*"},
	"x-env":        {"prod", "dev", "dev-eu", "dev-us", ""},
	"User-Agent":   {"curl/8.0", "curl/7.1", "Mozilla/5.0 (X11)", "kube-probe/1.30"},
	"cookie":       {"session=abc; theme=dark", "session=xyz", "theme=dark"},
	"X-Tenant-ID":  {"t-1", "t-2", "t-11", "value with space"},
	"content-type": {"application/json", "application/grpc", "text/plain; charset=utf-8"},
}
var headerNames = []string{"x-user", "X-Team", "x-env", "User-Agent", "cookie", "X-Tenant-ID", "content-type"}
var metadataPool = []string{"dev", "ops", "dev-1", "Dev"}
var srcIPs = []string{"10.1.5.6", "10.1.5.7", "10.1.9.1", "10.2.0.9", "203.0.113.9", "192.168.7.3", "192.168.7.200"}
var srcIP6 = []string{"fd00:1::7", "fd00:2::1"}
var xffPool = []string{"203.0.113.9", "10.1.5.6, 203.0.113.77", "10.1.5.6", "192.168.7.3,10.2.0.9", "bad", "fd00:1::7", "1.2.3.4:5678", "203.0.113.9, bad", "10.1.9.1,  192.168.7.200 ", ",203.0.113.9", "203.0.113.9,", "::ffff:10.1.5.6", "[fd00:1::7]", " ", "10.1.5.6;203.0.113.9", "FD00:1::7"}
var ipPatterns = []string{
	"10.1.5.6", "10.1.5.0/24", "10.1.0.0/16", "10.1.5.6/32", "10.1.5.6/8", "203.0.113.0/24", "203.0.113.77", "192.168.7.0/28", "192.168.0.0/16",
	"fd00:1::/32", "fd00:1::7", "0.0.0.0/0", "::/0", "10.2.0.8/31", "::ffff:10.1.5.6", "fd00:0002::1", "172.16.0.0/12",
}
var sniPool = []string{"reviews.example.com", "outbound_.8080_._.reviews.foo.svc.cluster.local", "Reviews.Example.Com", "details.example.com", ""}
var templatePool = []string{
	"/api/{*}/items", "/api/v1/items/{*}", "/api/v1/items/{*}/reviews", "/api/{**}", "/store/{**}/cart", "/store/{*}/cart", "/{**}", "/{*}",
	"/files/{*}", "/admin/{**}", "/{*}/users", "/pkg.Echo/{*}", "/data/{**}", "/a%2Fb/{**}", "/{**}/reviews", "/api/{*}/items/{**}", "/{*}/{*}", "/info/{*}/",
}

func ids(td ...string) []keys.Identity {
	uri := func(name string, uris ...string) keys.Identity { return keys.Identity{Name: name, URIs: uris} }
	out := []keys.Identity{
		uri("foo-sleep", "spiffe://cluster.local/ns/foo/sa/sleep"),
		uri("foo-httpbin", "spiffe://cluster.local/ns/foo/sa/httpbin"),
		uri("bar-sleep", "spiffe://cluster.local/ns/bar/sa/sleep"),
		uri("bar-default", "spiffe://cluster.local/ns/bar/sa/default"),
		uri("foobar-sleep", "spiffe://cluster.local/ns/foo-bar/sa/sleep"),
		uri("td1-foo-sleep", "spiffe://td1.example/ns/foo/sa/sleep"),
		{Name: "tls-nocert", NoCert: true},
		{Name: "plain", Plain: true},
		{Name: "dns-only", DNS: []string{"sleep.foo.svc.cluster.local"}},
	}
	for _, t := range td {
		out = append(out, uri(t+"-bar-sleep", "spiffe://"+t+"/ns/bar/sa/sleep"))
	}
	return out
}

var oddIDs = []keys.Identity{
	{Name: "two-uris", URIs: []string{"spiffe://cluster.local/ns/foo/sa/sleep", "spiffe://cluster.local/ns/bar/sa/admin"}},
	{Name: "two-uris-rev", URIs: []string{"spiffe://cluster.local/ns/bar/sa/admin", "spiffe://cluster.local/ns/foo/sa/sleep"}},
	{Name: "subject-only", Subject: "sleep"},
	{Name: "uri-and-dns", URIs: []string{"spiffe://cluster.local/ns/foo/sa/httpbin"}, DNS: []string{"admin.bar.svc.cluster.local"}, Subject: "httpbin"},
	{Name: "odd-long", URIs: []string{"spiffe://cluster.local/region/eu/ns/foo/sa/sleep"}},
	{Name: "odd-tail", URIs: []string{"spiffe://cluster.local/ns/foo/sa/sleep/extra"}},
	{Name: "odd-mid", URIs: []string{"spiffe://cluster.local/ns/foo/pod/x/sa/sleep"}},
	{Name: "https-uri", URIs: []string{"https://example.com/ns/foo/sa/sleep"}},
	{Name: "odd-no-path", URIs: []string{"spiffe://cluster.local"}},
	{Name: "odd-slash", URIs: []string{"spiffe://cluster.local/ns/foo/sa/sleep/"}},
	{Name: "odd-newline", URIs: []string{"spiffe://cluster.local/ns/foo/sa/sl\neep"}},
	{Name: "odd-nul", URIs: []string{"spiffe://cluster.local/ns/foo/sa/sleep\x00x"}},
	{Name: "odd-bytes", URIs: []string{"spiffe://cluster.local/ns/foo/sa/\xff\xe9"}},
	{Name: "odd-organization", Subject: "sleep", Organization: "/ns/foo/, Inc."},
	{Name: "odd-email", Emails: []string{"sleep@foo.svc"}},
	{Name: "odd-order", URIs: []string{"spiffe://cluster.local/ns/bar/sa/sleep"}, DNS: []string{"cluster.local/ns/foo/sa/sleep"}, DNSFirst: true},
	{Name: "two-dns", DNS: []string{"a.foo.svc", "b.bar.svc"}},
}

type rnd struct{ *rand.Rand }

func (r rnd) p(x float64) bool { return r.Float64() < x }

func pick[T any](r rnd, xs []T) T { return xs[r.IntN(len(xs))] }

// sample takes up to n different elements.
func sample[T any](r rnd, xs []T, n int) []T {
	idx := r.Perm(len(xs))
	if n > len(xs) {
		n = len(xs)
	}
	out := make([]T, 0, n)
	for _, i := range idx[:n] {
		out = append(out, xs[i])
	}
	return out
}

// starred turns a literal into one of Istio's string forms.
func starred(r rnd, v string) (string, string) {
	switch x := r.Float64(); {
	case x < 0.50 || len(v) < 2:
		if v == "" {
			return "*", "presence"
		}
		return v, "exact"
	case x < 0.70:
		return v[:1+r.IntN(len(v)-1)] + "*", "prefix"
	case x < 0.86:
		return "*" + v[1+r.IntN(len(v)-1):], "suffix"
	case x < 0.93:
		return "*", "presence"
	case x < 0.96:
		i := 1 + r.IntN(len(v)-1)
		return v[:i] + "*" + v[i:], "midstar"
	case x < 0.98:
		return "*" + v[1:] + "*", "doublestar"
	default:
		return flipCase(v), "case"
	}
}

func flipCase(v string) string {
	if u := strings.ToUpper(v); u != v {
		return u
	}
	return strings.ToLower(v)
}

// matches is a rough reading of the string forms, used only to aim requests.
func matches(pattern, v string) bool {
	switch {
	case pattern == "*":
		return v != ""
	case strings.HasPrefix(pattern, "*"):
		return strings.HasSuffix(v, pattern[1:])
	case strings.HasSuffix(pattern, "*"):
		return strings.HasPrefix(v, pattern[:len(pattern)-1])
	}
	return pattern == v
}

func anyMatch(patterns []string, v string) bool {
	for _, p := range patterns {
		if matches(p, v) {
			return true
		}
	}
	return false
}
