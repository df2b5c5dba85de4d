// Command oidc verifies tokens as an OIDC client does that knows nothing but an issuer: go-oidc with its defaults.
//
//	oidc ISSUER AUDIENCE ROOTS.pem   (reads a token a line; prints "ok SUBJECT" or "FAIL reason" a line)
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
}

func run(issuer, audience, rootsFile string) error {
	pem, err := os.ReadFile(rootsFile)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	ctx := oidc.ClientContext(context.Background(), client)
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return err
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: audience})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		token, err := verifier.Verify(ctx, lines.Text())
		if err != nil {
			fmt.Println("FAIL", err)
			continue
		}
		fmt.Println("ok", token.Subject)
	}
	return lines.Err()
}
