// Package mesh runs Istio's own code: YAML → config store → policy selection for a workload → Envoy filters.
// Nothing in here decides anything; it only calls istio.io/istio.
package mesh

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/config/memory"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/networking"
	"istio.io/istio/pilot/pkg/networking/plugin/authn"
	"istio.io/istio/pilot/pkg/networking/plugin/authz"
	securityauthn "istio.io/istio/pilot/pkg/security/authn"
	memregistry "istio.io/istio/pilot/pkg/serviceregistry/memory"
	"istio.io/istio/pkg/config"
	istiomesh "istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
	"istio.io/istio/pkg/kube/krt"
)

// RootNamespace is where mesh-wide policies live.
const RootNamespace = "istio-system"

// Document is one YAML document with what Istio says about it.
type Document struct {
	Config   config.Config
	Warnings string
	Class    string // "", "parse", "unknown-field", "webhook"
	Err      error
}

// Parse converts one YAML document and runs Istio's webhook validation on it.
func Parse(text string) Document {
	dec := kubeyaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 1<<20)
	obj := crd.IstioKind{}
	if err := dec.Decode(&obj); err != nil {
		return Document{Class: "parse", Err: fmt.Errorf("cannot parse yaml: %w", err)}
	}
	gvk := obj.GroupVersionKind()
	schema, ok := collections.Pilot.FindByGroupVersionAliasesKind(resource.FromKubernetesGVK(&gvk))
	if !ok {
		return Document{Class: "parse", Err: fmt.Errorf("unrecognized type %v", gvk)}
	}
	cfg, err := crd.ConvertObject(schema, &obj, "cluster.local")
	if err != nil {
		return Document{Class: "parse", Err: err}
	}
	doc := Document{Config: *cfg}
	warn, err := schema.ValidateConfig(*cfg)
	if warn != nil {
		doc.Warnings = warn.Error()
	}
	if err != nil {
		doc.Class, doc.Err = "webhook", err
		return doc
	}
	strict, _ := schema.NewInstance()
	raw, _ := json.Marshal(obj.GetSpec())
	if err := config.ApplyJSONStrict(strict, string(raw)); err != nil {
		doc.Class, doc.Err = "unknown-field", err
	}
	return doc
}

// Split cuts a multi-document file.
func Split(text string) ([]string, error) {
	reader := kubeyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	var out []string
	for {
		doc, err := reader.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(doc)) > 0 {
			out = append(out, string(doc))
		}
	}
}

// Mesh is one istiod's view: a push context over a set of policies.
type Mesh struct {
	push *model.PushContext
}

// Options are the mesh settings that change what a policy means.
type Options struct {
	TrustDomain string
	Aliases     []string
}

// New stores the configs and initialises Istio's push context over them.
func New(configs []config.Config, opt Options) (*Mesh, error) {
	m := istiomesh.DefaultMeshConfig()
	m.RootNamespace = RootNamespace
	m.TrustDomain = opt.TrustDomain
	m.TrustDomainAliases = opt.Aliases
	return newWith(configs, m)
}

func newWith(configs []config.Config, m *meshconfig.MeshConfig) (*Mesh, error) {
	store := memory.NewController(memory.Make(collections.Pilot))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, c := range configs {
		if c.CreationTimestamp.IsZero() {
			c.CreationTimestamp = start.Add(time.Duration(i) * time.Second)
		}
		if _, err := store.Create(c); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", c.Namespace, c.Name, err)
		}
	}
	env := model.NewEnvironment()
	env.ServiceDiscovery = memregistry.NewServiceDiscovery()
	env.ConfigStore = store
	env.Watcher = meshwatcher.NewTestWatcher(m)
	stop := make(chan struct{})
	env.VirtualServiceController = model.NewVirtualServiceController(store, model.VSControllerOptions{KrtDebugger: krt.GlobalDebugHandler}, env.Watcher)
	go store.Run(stop)
	go env.VirtualServiceController.Run(stop)
	for !env.VirtualServiceController.HasSynced() {
		time.Sleep(5 * time.Millisecond)
	}
	env.Init()
	push := model.NewPushContext()
	push.JwtKeyResolver = model.NewJwksResolver(time.Hour, time.Hour, time.Hour, time.Second)
	push.InitContext(env, nil, nil)
	return &Mesh{push: push}, nil
}

// Workload is what a policy selects.
type Workload struct {
	Namespace string
	Labels    map[string]string
}

func (m *Mesh) proxy(w Workload) *model.Proxy {
	return &model.Proxy{
		Type:            model.SidecarProxy,
		ConfigNamespace: w.Namespace,
		Labels:          w.Labels,
		Metadata:        &model.NodeMetadata{Namespace: w.Namespace, Labels: w.Labels},
	}
}

// HTTP returns the filters in the order of a sidecar's inbound listener: CUSTOM, jwt_authn, AUDIT, DENY, ALLOW.
func (m *Mesh) HTTP(w Workload) []*hcm.HttpFilter {
	p := m.proxy(w)
	const inbound = networking.ListenerClassSidecarInbound
	out := authz.NewBuilder(authz.Custom, m.push, p, false).BuildHTTP(inbound)
	out = append(out, authn.NewBuilder(m.push, p).BuildHTTP(inbound)...)
	return append(out, authz.NewBuilder(authz.Local, m.push, p, false).BuildHTTP(inbound)...)
}

// TCP returns the RBAC network filters.
func (m *Mesh) TCP(w Workload) []*listener.Filter {
	p := m.proxy(w)
	return append(authz.NewBuilder(authz.Custom, m.push, p, false).BuildTCP(), authz.NewBuilder(authz.Local, m.push, p, false).BuildTCP()...)
}

// Mode is the mode of mutual TLS at a port of the workload.
func (m *Mesh) Mode(w Workload, port uint32) string {
	policy := securityauthn.NewMtlsPolicy(m.push, m.push.AuthnPolicies, w.Namespace, w.Labels, false)
	return policy.GetMutualTLSModeForPort(port).String()
}
