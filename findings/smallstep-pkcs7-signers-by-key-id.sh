#!/bin/sh
# github.com/smallstep/pkcs7 0.2.3 (Go module, of smallstep's SCEP; go.mozilla.org/pkcs7 0.10.0, from which it stems, does so too): a signed message one of whose
# signers is named by the identifier of the key (`openssl cms -sign -keyid`) is parsed without an error, and then it has no signers at all, also none
# of the usual form beside it: "Message has no signers" says Verify(), and not that the form is unknown. RFC 5652, section 5.3: "Implementations
# MUST support the reception of the issuerAndSerialNumber and subjectKeyIdentifier forms of SignerIdentifier"; OpenSSL takes the same files.
# Seen: `issuer: 1 signers, <nil>`, `key: 0 signers, pkcs7: Message has no signers`, `both: 0 signers, pkcs7: Message has no signers`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
for name in a b; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$name" -keyout $name.key -out $name.pem 2> /dev/null
done
echo text > message
sign() { openssl cms -sign -in message -outform DER -nodetach -binary "$@"; }
sign -signer a.pem -inkey a.key -out issuer
sign -keyid -signer a.pem -inkey a.key -out key
sign -signer a.pem -inkey a.key -out one
openssl cms -resign -keyid -in one -inform DER -signer b.pem -inkey b.key -outform DER -nodetach -binary -out both
cat a.pem b.pem > all.pem
for name in issuer key both; do openssl cms -verify -binary -inform DER -in $name -CAfile all.pem -purpose any 2>&1 > /dev/null | sed "s/^/openssl, $name: /"; done > seen
cat > go.mod <<'GO'
module one
go 1.26
require (
	github.com/smallstep/pkcs7 v0.2.3
	go.mozilla.org/pkcs7 v0.10.0
)
GO
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	smallstep "github.com/smallstep/pkcs7"
	mozilla "go.mozilla.org/pkcs7"
)

func main() {
	for _, name := range []string{"issuer", "key", "both"} {
		bytes, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		one, err := smallstep.Parse(bytes)
		if err != nil {
			panic(err)
		}
		other, err := mozilla.Parse(bytes)
		if err != nil {
			panic(err)
		}
		fmt.Printf("smallstep, %s: %d signers, %v\n", name, len(one.Signers), one.Verify())
		fmt.Printf("mozilla, %s: %d signers, %v\n", name, len(other.Signers), other.Verify())
	}
}
GO
go mod tidy > log 2>&1 || { cat log; exit 1; }
go run . >> seen
cat seen
[ "$(cat seen)" = "openssl, issuer: CMS Verification successful
openssl, key: CMS Verification successful
openssl, both: CMS Verification successful
smallstep, issuer: 1 signers, <nil>
mozilla, issuer: 1 signers, <nil>
smallstep, key: 0 signers, pkcs7: Message has no signers
mozilla, key: 0 signers, pkcs7: Message has no signers
smallstep, both: 0 signers, pkcs7: Message has no signers
mozilla, both: 0 signers, pkcs7: Message has no signers" ] || { echo 'changed'; exit 1; }
