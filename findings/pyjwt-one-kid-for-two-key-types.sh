#!/bin/sh
# PyJWT 2.15.1 (PyPI): of two keys of one `kid` PyJWKSet and PyJWKClient know the first alone. RFC 7517, section 4.5 names the use of it: keys of
# different `kty` that are "considered to be equivalent alternatives" may share a kid. An issuer that goes from RSA to EC in that way has half of its
# tokens refused, by the order of the set, and the error ("Expecting a PEM-formatted key.", a TypeError and no PyJWTError) says nothing of keys;
# jwcrypto takes all four.
# Seen: `PyJWT: RSA first: RS256 taken, ES256 TypeError; EC first: RS256 TypeError, ES256 taken; jwcrypto takes all`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check PyJWT==2.15.1 jwcrypto==1.6.1 cryptography==50.0.2
cat > ask.py <<'PY'
import json, time
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwcrypto import jwk, jwt as other
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
keys = {'RS256': rsa.generate_private_key(65537, 2048), 'ES256': ec.generate_private_key(ec.SECP256R1())}
public = {'RSA': json.loads(RSAAlgorithm.to_jwk(keys['RS256'].public_key())), 'EC': json.loads(ECAlgorithm.to_jwk(keys['ES256'].public_key()))}
for each in public.values(): each.update(kid='one', use='sig')
tokens = {alg: jwt.encode({'sub': 'a', 'exp': int(time.time()) + 600}, key, alg, headers={'kid': 'one'}) for alg, key in keys.items()}
def verdict(found, alg):
    try: jwt.decode(tokens[alg], jwt.PyJWKSet.from_dict(found)['one'].key, algorithms=['RS256', 'ES256'])
    except Exception as error: return type(error).__name__
    return 'taken'
seen = []
for order in [['RSA', 'EC'], ['EC', 'RSA']]:
    found = {'keys': [public[each] for each in order]}
    seen.append(f'{order[0]} first: ' + ', '.join(f'{alg} {verdict(found, alg)}' for alg in keys))
    for alg in keys: other.JWT(jwt=tokens[alg], key=jwk.JWKSet.from_json(json.dumps(found)), algs=['RS256', 'ES256'])
print('PyJWT: ' + '; '.join(seen) + '; jwcrypto takes all')
PY
seen=$(venv/bin/python -W ignore ask.py)
echo "$seen"
[ "$seen" = 'PyJWT: RSA first: RS256 taken, ES256 TypeError; EC first: RS256 TypeError, ES256 taken; jwcrypto takes all' ] || { echo 'changed'; exit 1; }
