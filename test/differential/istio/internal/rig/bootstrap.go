// Package rig runs the real Envoy: a pair of filter chains (TLS, plain text) for each case, chosen by its own destination address,
// and a client that sends requests to it byte by byte.
package rig

import (
	"encoding/json"
	"net/netip"

	bootstrap "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	tlsinspector "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/listener/tls_inspector/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"gatehouse.test/istiojudge/internal/ask"
)

// Chain is what one case adds to Envoy.
type Chain struct {
	ask.Settings
	Name      string
	Addrs     []string // destination addresses of the case
	Cert, Key []byte
	HTTP      []*hcm.HttpFilter
	TCP       []*listener.Filter
	Metadata  map[string]json.RawMessage
}

// Config is one Envoy.
type Config struct {
	Gate              Gate
	Chains            []Chain
	CA                []byte
	Authorizer        string // `unix:PATH` of the product; the recorder if empty
	AccessLog, TCPLog string
}

// Ports in the network namespace, which is ours alone.
const (
	recorderPort = 19001
	echoPort     = 19002
	adminPort    = 19003
	upstreamPort = 19004
)

var (
	httpPorts = []uint32{80, 8080, 8443, 9090}
	tcpPorts  = []uint32{3306, 9000}
)

func (ch Chain) socket(http bool) *core.TransportSocket {
	ctx := &tlsv3.DownstreamTlsContext{
		RequireClientCertificate: wrapperspb.Bool(false),
		CommonTlsContext: &tlsv3.CommonTlsContext{
			TlsCertificates: []*tlsv3.TlsCertificate{{CertificateChain: inline(ch.Cert), PrivateKey: inline(ch.Key)}},
		},
	}
	if http {
		ctx.CommonTlsContext.AlpnProtocols = []string{"h2", "http/1.1"}
	}
	return &core.TransportSocket{Name: "envoy.transport_sockets.tls", ConfigType: &core.TransportSocket_TypedConfig{TypedConfig: anyOf(ctx)}}
}

func (c Config) chains(http bool) []*listener.FilterChain {
	var out []*listener.FilterChain
	for _, ch := range c.Chains {
		var ranges []*core.CidrRange
		for _, a := range ch.Addrs {
			bits := uint32(netip.MustParseAddr(a).BitLen())
			ranges = append(ranges, &core.CidrRange{AddressPrefix: a, PrefixLen: wrapperspb.UInt32(bits)})
		}
		filters := c.tcpFilters(ch)
		if http {
			filters = []*listener.Filter{c.manager(ch)}
		}
		match := func(transport string) *listener.FilterChainMatch {
			return &listener.FilterChainMatch{PrefixRanges: ranges, TransportProtocol: transport}
		}
		out = append(out,
			&listener.FilterChain{Name: ch.Name + "-tls", FilterChainMatch: match("tls"), TransportSocket: c.trusting(ch.socket(http)), Filters: filters},
			&listener.FilterChain{Name: ch.Name + "-raw", FilterChainMatch: match("raw_buffer"), Filters: filters},
		)
	}
	return out
}

// trusting adds our CA: any certificate of it is good, of whatever trust domain.
func (c Config) trusting(socket *core.TransportSocket) *core.TransportSocket {
	ctx := &tlsv3.DownstreamTlsContext{}
	if err := socket.GetTypedConfig().UnmarshalTo(ctx); err != nil {
		panic(err)
	}
	ctx.CommonTlsContext.ValidationContextType = &tlsv3.CommonTlsContext_ValidationContext{ValidationContext: &tlsv3.CertificateValidationContext{TrustedCa: inline(c.CA)}}
	socket.ConfigType = &core.TransportSocket_TypedConfig{TypedConfig: anyOf(ctx)}
	return socket
}

func (c Config) listener(name string, ports []uint32, http bool) *listener.Listener {
	l := &listener.Listener{
		Name: name, Address: addr("0.0.0.0", ports[0]),
		FilterChains: c.chains(http),
		ListenerFilters: []*listener.ListenerFilter{{Name: "envoy.filters.listener.tls_inspector", ConfigType: &listener.ListenerFilter_TypedConfig{
			TypedConfig: anyOf(&tlsinspector.TlsInspector{})}}},
	}
	for i, p := range ports {
		if i > 0 {
			l.AdditionalAddresses = append(l.AdditionalAddresses, &listener.AdditionalAddress{Address: addr("0.0.0.0", p)})
		}
		l.AdditionalAddresses = append(l.AdditionalAddresses, &listener.AdditionalAddress{Address: addr("::", p)})
	}
	if !http {
		l.AccessLog = append(l.AccessLog, jsonLog(c.TCPLog, map[string]string{
			"id": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%", "details": "%CONNECTION_TERMINATION_DETAILS%"}))
	}
	return l
}

// Bootstrap is the whole Envoy configuration as binary protobuf.
func (c Config) Bootstrap() []byte {
	// Istio's own runtime flags (pkg/bootstrap/config.go) that matter here: fragments are stripped, not refused.
	layer, _ := structpb.NewStruct(map[string]any{
		"re2.max_program_size.error_level":                         "32768",
		"envoy.reloadable_features.http_reject_path_with_fragment": false,
	})
	b := &bootstrap.Bootstrap{
		Node: &core.Node{Id: "judge", Cluster: "judge"},
		LayeredRuntime: &bootstrap.LayeredRuntime{Layers: []*bootstrap.RuntimeLayer{
			{Name: "istio", LayerSpecifier: &bootstrap.RuntimeLayer_StaticLayer{StaticLayer: layer}}}},
		StaticResources: &bootstrap.Bootstrap_StaticResources{
			Listeners: []*listener.Listener{c.listener("http", httpPorts, true), c.listener("tcp", tcpPorts, false)},
			Clusters: []*cluster.Cluster{
				static(authorizer, place(c.Authorizer, recorderPort), true),
				static("echo", addr("127.0.0.1", echoPort), false),
				static("upstream", addr("127.0.0.1", upstreamPort), false),
			},
		},
		Admin: &bootstrap.Admin{Address: addr("127.0.0.1", adminPort)},
	}
	out, err := proto.MarshalOptions{Deterministic: true}.Marshal(b)
	if err != nil {
		panic(err)
	}
	return out
}
