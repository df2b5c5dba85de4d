// Package keys makes the CA, the callers' certificates and the token issuers.
package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"sync"
	"time"
)

// Identity is a caller: what its certificate says.
type Identity struct {
	Name         string   `json:"name"` // one certificate a name
	URIs         []string `json:"uris,omitempty"`
	DNS          []string `json:"dns,omitempty"`
	Emails       []string `json:"emails,omitempty"`
	Subject      string   `json:"subject,omitempty"` // common name
	Organization string   `json:"organization,omitempty"`
	DNSFirst     bool     `json:"dnsFirst,omitempty"`
	NoCert       bool     `json:"noCert,omitempty"` // TLS without a client certificate
	Plain        bool     `json:"plain,omitempty"`  // no TLS at all
}

// CA signs test certificates.
type CA struct {
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	serial int64
	mu     sync.Mutex
	cache  map[string]tls.Certificate
}

var notBefore = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
var notAfter = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)

// NewCA makes a fresh P-256 authority.
func NewCA() *CA {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "istio judge ca"},
		NotBefore: notBefore, NotAfter: notAfter, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der := must(x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key))
	return &CA{cert: must(x509.ParseCertificate(der)), key: key, serial: 1, cache: map[string]tls.Certificate{}}
}

// PEM is the CA certificate.
func (c *CA) PEM() []byte { return pemBlock("CERTIFICATE", c.cert.Raw) }

// Issue returns a certificate for id, the same one every time.
func (c *CA) Issue(id Identity) tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if got, ok := c.cache[id.Name]; ok {
		return got
	}
	c.serial++
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(c.serial), NotBefore: notBefore, NotAfter: notAfter,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	if id.Subject != "" {
		tpl.Subject.CommonName = id.Subject
	}
	if id.Organization != "" {
		tpl.Subject.Organization = []string{id.Organization}
	}
	if names := id.names(); len(names) > 0 {
		tpl.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: must(asn1.Marshal(names))}}
	}
	der := must(x509.CreateCertificate(rand.Reader, tpl, c.cert, key.Public(), c.key))
	out := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	c.cache[id.Name] = out
	return out
}

// names are the subject alternative names, byte for byte: the library would refuse odd ones.
func (id Identity) names() []asn1.RawValue {
	const email, dns, uri = 1, 2, 6
	var out []asn1.RawValue
	add := func(tag int, values []string) {
		for _, v := range values {
			out = append(out, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: []byte(v)})
		}
	}
	if id.DNSFirst {
		add(dns, id.DNS)
	}
	add(uri, id.URIs)
	if !id.DNSFirst {
		add(dns, id.DNS)
	}
	add(email, id.Emails)
	return out
}

// Files returns certificate and key as PEM.
func Files(c tls.Certificate) (cert, key []byte) {
	return pemBlock("CERTIFICATE", c.Certificate[0]), pemBlock("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(c.PrivateKey)))
}

func pemBlock(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
