package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // crypto.SHA384 and SHA512
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
)

// Signer is one JWT signing key.
type Signer struct {
	Kid string
	Alg string
	key crypto.Signer
}

var curves = map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}

// NewSigner makes a key for an algorithm of RFC 7518 or EdDSA.
func NewSigner(kid, alg string) *Signer {
	s := &Signer{Kid: kid, Alg: alg}
	switch {
	case alg == "EdDSA":
		_, s.key, _ = ed25519.GenerateKey(rand.Reader)
	case curves[alg] != nil:
		s.key = must(ecdsa.GenerateKey(curves[alg], rand.Reader))
	default:
		s.key = must(rsa.GenerateKey(rand.Reader, 2048))
	}
	return s
}

// JWK is the public key; withKid and withAlg choose the optional members.
func (s *Signer) JWK(withKid, withAlg bool) map[string]any {
	out := map[string]any{}
	switch key := s.key.Public().(type) {
	case *rsa.PublicKey:
		out["kty"] = "RSA"
		out["n"] = b64(key.N.Bytes())
		out["e"] = b64(big.NewInt(int64(key.E)).Bytes())
	case *ecdsa.PublicKey:
		point := must(key.Bytes())[1:]
		out["kty"], out["crv"] = "EC", key.Params().Name
		out["x"], out["y"] = b64(point[:len(point)/2]), b64(point[len(point)/2:])
	case ed25519.PublicKey:
		out["kty"], out["crv"], out["x"] = "OKP", "Ed25519", b64(key)
	}
	if withKid {
		out["kid"] = s.Kid
	}
	if withAlg {
		out["alg"] = s.Alg
	}
	return out
}

// JWKS is a key set as text.
func JWKS(keys ...map[string]any) string {
	return string(must(json.Marshal(map[string]any{"keys": keys})))
}

// Sign makes a compact token. header overrides are applied on {alg, kid, typ}; a nil value removes the member.
func (s *Signer) Sign(claims map[string]any, header map[string]any) string {
	h := map[string]any{"alg": s.Alg, "kid": s.Kid, "typ": "JWT"}
	for k, v := range header {
		if v == nil {
			delete(h, k)
		} else {
			h[k] = v
		}
	}
	input := b64(must(json.Marshal(h))) + "." + b64(must(json.Marshal(claims)))
	return input + "." + b64(s.signature([]byte(input)))
}

func (s *Signer) signature(input []byte) []byte {
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[s.Alg[2:]]
	digest := input
	if hash != 0 {
		h := hash.New()
		h.Write(input)
		digest = h.Sum(nil)
	}
	switch key := s.key.(type) {
	case *ecdsa.PrivateKey:
		r, t, err := ecdsa.Sign(rand.Reader, key, digest)
		if err != nil {
			panic(err)
		}
		size := (key.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), t.FillBytes(make([]byte, size))...)
	case *rsa.PrivateKey:
		if strings.HasPrefix(s.Alg, "PS") {
			return must(key.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}))
		}
	}
	return must(s.key.Sign(rand.Reader, digest, hash))
}

// HMAC signs with the public modulus as an HS256 secret (the classic confusion attack).
func (s *Signer) HMAC(claims map[string]any) string {
	input := b64(must(json.Marshal(map[string]any{"alg": "HS256", "kid": s.Kid, "typ": "JWT"}))) + "." + b64(must(json.Marshal(claims)))
	secret := []byte("x")
	if key, ok := s.key.(*rsa.PrivateKey); ok {
		secret = key.N.Bytes()
	}
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(input))
	return input + "." + b64(m.Sum(nil))
}

// None makes an unsigned token.
func None(claims map[string]any) string {
	return b64([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + b64(must(json.Marshal(claims))) + "."
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
