#!/bin/sh
# go-spiffe 2.9.0 (Go module github.com/spiffe/go-spiffe/v2, with go-jose 4): a bundle with one key of a type or curve that the library does not
# know (here Ed448 of RFC 8037 and secp256k1 of RFC 8812) is refused as a whole, though RFC 7517, section 5 says that such keys SHOULD be
# ignored, and SPIFFE Trust Domain and Bundle, section 4.2.2 that keys of an unknown `use` are. A Workload API client or a federated
# server keeps the old bundle and so misses every later rotation of keys that it does know: the first domain to try a new algorithm is locked out.
# Seen: `known: 1 authority`, `Ed448, use unknown: … unsupported key type/format`, `secp256k1: … unsupported elliptic curve 'secp256k1'`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat > go.mod <<'MOD'
module one
go 1.26
require github.com/spiffe/go-spiffe/v2 v2.9.0
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

const known = `{"kty":"EC","crv":"P-256","use":"jwt-svid","kid":"a","x":"owgN_ExajTdSZIz1tGP9exu3Fp23iIDs5lvwH1cYd_Q","y":"znTzId3ALfXbjYMs9-Yj0gIhl0dyx-K1sNrCnhfJEd4"}`

func main() {
	for _, each := range [][2]string{
		{"known", known},
		{"Ed448, use unknown", known + `,{"kty":"OKP","crv":"Ed448","use":"later","kid":"b","x":"YKChY4IsN02Io-1rkgj1Ik85j5M1oYgNtwvRhg_H6BtLPAiAH97JglQ-oASqaPRTE1UU7RdWtESA"}`},
		{"secp256k1", known + `,{"kty":"EC","crv":"secp256k1","use":"jwt-svid","kid":"b","x":"61Q0oUnpWDrcwM2dPrP02T0am20arCUmPYkfVYzfjw8","y":"xC66vAiCx8VkAo2_Hle9RDOjgblh1W4yd5YgrklSggw"}`},
	} {
		bundle, err := spiffebundle.Parse(spiffeid.RequireTrustDomainFromString("td.example"), []byte(`{"spiffe_sequence":1,"keys":[`+each[1]+`]}`))
		if err != nil {
			fmt.Printf("%s: %v\n", each[0], err)
		} else {
			fmt.Printf("%s: %d authority\n", each[0], len(bundle.JWTAuthorities()))
		}
	}
}
GO
go mod tidy > log 2>&1 || { cat log; exit 1; }
go run . > seen
cat seen
[ "$(cat seen)" = "known: 1 authority
Ed448, use unknown: spiffebundle: unable to parse JWKS: go-jose/go-jose: unsupported key type/format
secp256k1: spiffebundle: unable to parse JWKS: go-jose/go-jose: unsupported elliptic curve 'secp256k1'" ] || { echo 'changed'; exit 1; }
