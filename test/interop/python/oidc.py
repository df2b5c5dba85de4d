"""Verifies tokens as OIDC clients do that know nothing but an issuer.

    oidc.py pyjwt|joserfc|authlib ISSUER AUDIENCE ROOTS.pem

Reads a token a line; prints "ok SUBJECT" or "FAIL reason" a line. PyJWT keeps keys by its own defaults; the other two have no cache of
their own, so the set is fetched for each token and parsed whole.
"""

import json
import ssl
import sys
import urllib.request


def fetched(url, context):
    with urllib.request.urlopen(url, context=context, timeout=20) as answer:
        return json.load(answer)


def with_pyjwt(issuer, audience, context):
    import jwt

    discovery = fetched(f"{issuer}/.well-known/openid-configuration", context)
    client = jwt.PyJWKClient(discovery["jwks_uri"], ssl_context=context)
    algorithms = discovery["id_token_signing_alg_values_supported"]

    def verify(token):
        key = client.get_signing_key_from_jwt(token).key
        return jwt.decode(token, key, algorithms=algorithms, audience=audience, issuer=issuer)["sub"]

    return verify


def with_joserfc(issuer, audience, context):
    from joserfc import jwt
    from joserfc.jwk import KeySet

    claims = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer}, aud={"essential": True, "value": audience}
    )

    def verify(token):
        keys = KeySet.import_key_set(fetched(f"{issuer}/keys", context))
        read = jwt.decode(token, keys, algorithms=["ES256"])
        claims.validate(read.claims)
        return read.claims["sub"]

    return verify


def with_authlib(issuer, audience, context):
    from authlib.jose import JsonWebKey, JsonWebToken

    decoder = JsonWebToken(["ES256"])
    options = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": audience}}

    def verify(token):
        keys = JsonWebKey.import_key_set(fetched(f"{issuer}/keys", context))
        claims = decoder.decode(token, keys, claims_options=options)
        claims.validate()
        return claims["sub"]

    return verify


def main():
    which, issuer, audience, roots = sys.argv[1:]
    context = ssl.create_default_context(cafile=roots)
    verify = {"pyjwt": with_pyjwt, "joserfc": with_joserfc, "authlib": with_authlib}[which](issuer, audience, context)
    for line in sys.stdin:
        try:
            print("ok", verify(line.strip()), flush=True)
        except Exception as error:  # whatever a library raises
            print("FAIL", type(error).__name__, error, flush=True)


main()
