// Command federation-server serves the bundle of a trust domain as go-spiffe does, until it is killed.
//
//	federation-server web TRUST-DOMAIN DIRECTORY     (shows a certificate for localhost, which it leaves in DIRECTORY/web.pem)
//	federation-server spiffe TRUST-DOMAIN DIRECTORY  (shows spiffe://TRUST-DOMAIN/endpoint; leaves the bundle in DIRECTORY/TRUST-DOMAIN.json)
//
// Prints "PORT N".
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/federation"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

func main() {
	profile, domain, directory := os.Args[1], spiffeid.RequireTrustDomainFromString(os.Args[2]), os.Args[3]
	root, rootKey := certify(&x509.Certificate{
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, URIs: []*url.URL{domain.ID().URL()},
	}, nil, nil)
	bundle := spiffebundle.FromX509Authorities(domain, []*x509.Certificate{root})
	jwt, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	must(bundle.AddJWTAuthority("jwt-1", jwt.Public()))
	bundle.SetSequenceNumber(1<<53 + 3)
	bundle.SetRefreshHint(time.Second)
	handler, err := federation.NewHandler(domain, bundle)
	must(err)

	leaf := &x509.Certificate{
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	var config *tls.Config
	if profile == "web" {
		leaf.DNSNames = []string{"localhost"}
		certificate, key := certify(leaf, root, rootKey)
		config = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate.Raw}, PrivateKey: key}}}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})
		must(os.WriteFile(filepath.Join(directory, "web.pem"), text, 0o600))
	} else {
		id := spiffeid.RequireFromPath(domain, "/endpoint")
		leaf.URIs = []*url.URL{id.URL()}
		certificate, key := certify(leaf, root, rootKey)
		config = tlsconfig.TLSServerConfig(&x509svid.SVID{ID: id, Certificates: []*x509.Certificate{certificate}, PrivateKey: key})
		text, err := bundle.Marshal()
		must(err)
		must(os.WriteFile(filepath.Join(directory, domain.Name()+".json"), text, 0o600))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println("PORT", listener.Addr().(*net.TCPAddr).Port)
	must(http.Serve(tls.NewListener(listener, config), handler))
}

func certify(template, issuer *x509.Certificate, issuerKey crypto.Signer) (*x509.Certificate, crypto.Signer) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	must(err)
	template.Subject = pkix.Name{CommonName: fmt.Sprintf("federation %d", template.SerialNumber)}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	if issuer == nil {
		issuer, issuerKey = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey)
	must(err)
	certificate, err := x509.ParseCertificate(raw)
	must(err)
	return certificate, key
}

func must(err error) {
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
}
