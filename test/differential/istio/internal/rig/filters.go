package rig

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	accesslog "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	extauthz "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	router "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	setmetadata "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/set_metadata/v3"
	extauthztcp "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/ext_authz/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tcpproxy "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Gate says who decides.
type Gate int

const (
	// Recorded asks a recorder that always allows, then Istio's filters.
	Recorded Gate = iota
	// Native has Istio's filters alone, before an upstream that tells what it saw.
	Native
	// Product asks ext_authz in their place, before the same upstream.
	Product
)

const authorizer = "authorizer"

func asked() *core.GrpcService {
	return &core.GrpcService{Timeout: durationpb.New(20 * time.Second), TargetSpecifier: &core.GrpcService_EnvoyGrpc_{EnvoyGrpc: &core.GrpcService_EnvoyGrpc{ClusterName: authorizer}}}
}

func (c Config) httpFilters(ch Chain) []*hcm.HttpFilter {
	var out []*hcm.HttpFilter
	var namespaces []string
	for _, namespace := range slices.Sorted(maps.Keys(ch.Metadata)) {
		out = append(out, &hcm.HttpFilter{Name: "metadata", ConfigType: &hcm.HttpFilter_TypedConfig{TypedConfig: anyOf(metadata(namespace, ch.Metadata[namespace]))}})
		namespaces = append(namespaces, namespace)
	}
	if c.Gate != Native {
		out = append(out, &hcm.HttpFilter{Name: "envoy.filters.http.ext_authz", ConfigType: &hcm.HttpFilter_TypedConfig{TypedConfig: anyOf(&extauthz.ExtAuthz{
			Services:               &extauthz.ExtAuthz_GrpcService{GrpcService: asked()},
			TransportApiVersion:    core.ApiVersion_V3,
			IncludePeerCertificate: true, IncludeTlsSession: true, EncodeRawHeaders: ch.RawHeaders,
			MetadataContextNamespaces: namespaces,
		})}})
	}
	if c.Gate != Product {
		out = append(out, ch.HTTP...)
	}
	return append(out, &hcm.HttpFilter{Name: "envoy.filters.http.router", ConfigType: &hcm.HttpFilter_TypedConfig{TypedConfig: anyOf(&router.Router{})}})
}

func metadata(namespace string, text json.RawMessage) *setmetadata.Config {
	value := &structpb.Struct{}
	if err := protojson.Unmarshal(text, value); err != nil {
		panic(err)
	}
	return &setmetadata.Config{Metadata: []*setmetadata.Metadata{{MetadataNamespace: namespace, Value: value}}}
}

func (c Config) tcpFilters(ch Chain) []*listener.Filter {
	var out []*listener.Filter
	if c.Gate != Native {
		out = append(out, &listener.Filter{Name: "envoy.filters.network.ext_authz", ConfigType: &listener.Filter_TypedConfig{TypedConfig: anyOf(&extauthztcp.ExtAuthz{
			StatPrefix: "rec", GrpcService: asked(), TransportApiVersion: core.ApiVersion_V3, IncludePeerCertificate: true, IncludeTlsSession: true,
		})}})
	}
	if c.Gate != Product {
		out = append(out, ch.TCP...)
	}
	return append(out, &listener.Filter{Name: "envoy.filters.network.tcp_proxy", ConfigType: &listener.Filter_TypedConfig{TypedConfig: anyOf(&tcpproxy.TcpProxy{
		StatPrefix: "echo", ClusterSpecifier: &tcpproxy.TcpProxy_Cluster{Cluster: "echo"},
	})}})
}

// manager has the settings of a sidecar's inbound listener (istio: pilot/pkg/networking/core/listener_inbound.go, listener_builder.go).
func (c Config) manager(ch Chain) *listener.Filter {
	m := &hcm.HttpConnectionManager{
		CodecType: hcm.HttpConnectionManager_AUTO, StatPrefix: "in",
		RouteSpecifier: &hcm.HttpConnectionManager_RouteConfig{RouteConfig: &route.RouteConfiguration{
			Name: "r", VirtualHosts: []*route.VirtualHost{{Name: "v", Domains: []string{"*"}, Routes: []*route.Route{c.route()}}}}},
		HttpFilters:                  c.httpFilters(ch),
		ServerName:                   "istio-envoy",
		UseRemoteAddress:             wrapperspb.Bool(ch.UseRemoteAddress),
		XffNumTrustedHops:            ch.TrustedHops,
		NormalizePath:                wrapperspb.Bool(true),
		MergeSlashes:                 false,
		PathWithEscapedSlashesAction: hcm.HttpConnectionManager_KEEP_UNCHANGED,
		ForwardClientCertDetails:     hcm.HttpConnectionManager_APPEND_FORWARD,
		SetCurrentClientCertDetails:  &hcm.HttpConnectionManager_SetCurrentClientCertDetails{Subject: wrapperspb.Bool(true), Uri: true, Dns: true},
		UpgradeConfigs:               []*hcm.HttpConnectionManager_UpgradeConfig{{UpgradeType: "websocket"}},
		StreamIdleTimeout:            durationpb.New(0),
		AccessLog: []*accesslog.AccessLog{jsonLog(c.AccessLog, map[string]string{
			"id": "%REQ(X-VECTOR-ID)%", "details": "%RESPONSE_CODE_DETAILS%", "rbac": "%DYNAMIC_METADATA(envoy.filters.http.rbac)%",
		})},
	}
	if c.Gate != Recorded {
		m.GenerateRequestId = wrapperspb.Bool(false) // it is random, and what the upstream saw is compared
	}
	return &listener.Filter{Name: "envoy.filters.network.http_connection_manager", ConfigType: &listener.Filter_TypedConfig{TypedConfig: anyOf(m)}}
}

func (c Config) route() *route.Route {
	match := &route.RouteMatch{PathSpecifier: &route.RouteMatch_Prefix{Prefix: "/"}}
	if c.Gate == Recorded {
		return &route.Route{Match: match, Action: &route.Route_DirectResponse{DirectResponse: &route.DirectResponseAction{
			Status: 200, Body: &core.DataSource{Specifier: &core.DataSource_InlineString{InlineString: "ok"}}}}}
	}
	return &route.Route{Match: match, Action: &route.Route_Route{Route: &route.RouteAction{ClusterSpecifier: &route.RouteAction_Cluster{Cluster: "upstream"}}}}
}
