// Istio's own agent without its proxy: the citadel client and the secret manager of the pinned version, and what they do told as
// JSON lines.
package main

import (
	"encoding/json"
	"os"
	"sync"
	"time"

	"istio.io/istio/pkg/security"
	"istio.io/istio/security/pkg/credentialfetcher/plugin"
	"istio.io/istio/security/pkg/nodeagent/cache"
	"istio.io/istio/security/pkg/nodeagent/caclient/providers/citadel"
)

// asked is the first argument: what a pod's environment and files tell the agent.
type asked struct {
	Address        string
	ServerName     string
	RootFile       string
	TokenFile      string
	CertFile       string
	KeyFile        string
	OutputDir      string
	ClusterID      string
	TrustDomain    string
	Namespace      string
	ServiceAccount string
	TTLSeconds     int
	GraceRatio     float64
	// Empty: RSA of 2048 bits, as agents make by default.
	KeyAlgorithm string
}

// told is one line of output.
type told struct {
	Resource string `json:"resource"`
	Chain    string `json:"chain,omitempty"`
	Root     string `json:"root,omitempty"`
	Error    string `json:"error,omitempty"`
}

func main() {
	var of asked
	must(json.Unmarshal([]byte(os.Args[1]), &of))
	options := &security.Options{
		CAEndpoint: of.Address, CAEndpointSAN: of.ServerName, CAProviderName: "Citadel", TrustDomain: of.TrustDomain,
		ClusterID: of.ClusterID, WorkloadNamespace: of.Namespace, ServiceAccount: of.ServiceAccount,
		CredFetcher: plugin.CreateTokenPlugin(of.TokenFile), OutputKeyCertToDir: of.OutputDir,
		SecretTTL: time.Duration(of.TTLSeconds) * time.Second,
		ECCSigAlg: of.KeyAlgorithm, WorkloadRSAKeySize: 2048, SecretRotationGracePeriodRatio: of.GraceRatio,
		SecretRotationGracePeriodRatioJitter: 0.01,
	}
	client, err := citadel.NewCitadelClient(options, &citadel.TLSOptions{RootCert: of.RootFile, Cert: of.CertFile, Key: of.KeyFile})
	must(err)
	manager, err := cache.NewSecretManagerClient(client, options)
	must(err)
	// As the agent's SDS server: whatever the manager says is new is asked for again, a failure after a while.
	wanted := make(chan string, 16)
	manager.RegisterSecretHandler(func(resource string) { wanted <- resource })
	wanted <- security.WorkloadKeyCertResourceName
	var out sync.Mutex
	for resource := range wanted {
		secret, err := manager.GenerateSecret(resource)
		line := told{Resource: resource}
		if err != nil {
			line.Error = err.Error()
			again := resource
			time.AfterFunc(time.Second, func() { wanted <- again })
		} else {
			line.Chain, line.Root = string(secret.CertificateChain), string(secret.RootCert)
		}
		out.Lock()
		must(json.NewEncoder(os.Stdout).Encode(line))
		out.Unlock()
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
