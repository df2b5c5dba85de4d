// Command federation fetches a bundle from a SPIFFE bundle endpoint, as go-spiffe does.
//
//	federation URL TRUST-DOMAIN web ROOTS.pem          (profile https_web)
//	federation URL TRUST-DOMAIN BUNDLE.json SPIFFE-ID  (profile https_spiffe: who serves, and by which bundle it is believed)
//
// Prints "SEQUENCE X509-AUTHORITIES JWT-AUTHORITIES REFRESH-HINT-SECONDS".
package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/federation"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	url, domain, how, proof := args[0], spiffeid.RequireTrustDomainFromString(args[1]), args[2], args[3]
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	option, err := authentication(domain, how, proof)
	if err != nil {
		return err
	}
	bundle, err := federation.FetchBundle(ctx, domain, url, option)
	if err != nil {
		return err
	}
	sequence, _ := bundle.SequenceNumber()
	hint, _ := bundle.RefreshHint()
	fmt.Println(sequence, len(bundle.X509Authorities()), len(bundle.JWTAuthorities()), int(hint.Seconds()))
	return nil
}

func authentication(domain spiffeid.TrustDomain, how, proof string) (federation.FetchOption, error) {
	if how == "web" {
		pem, err := os.ReadFile(proof)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		return federation.WithWebPKIRoots(roots), nil
	}
	known, err := spiffebundle.Load(domain, how)
	if err != nil {
		return nil, err
	}
	id, err := spiffeid.FromString(proof)
	if err != nil {
		return nil, err
	}
	return federation.WithSPIFFEAuth(known, id), nil
}
