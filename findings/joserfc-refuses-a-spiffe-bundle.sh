#!/bin/sh
# joserfc 1.8.0 (PyPI): KeySet.import_key_set() raises for the whole set if one key has a `use` other than sig and enc. RFC 7517, section 4.2: these two
# are defined, "Other values MAY be used". A SPIFFE bundle has `jwt-svid` and `x509-svid` there (SPIFFE Trust Domain and Bundle, section 4.2.2), so no
# token of such a trust domain can be verified from what its bundle endpoint serves; PyJWT and jwcrypto read the same set. The same goes for
# `key_ops`, of which section 4.3 says the same.
# Seen: `sig beside sig: 2 keys`, `x509-svid beside sig: KeyParameterError`, `key_ops of one's own: KeyParameterError`, `PyJWT: 2 keys`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check joserfc==1.8.0 PyJWT==2.15.1 cryptography==50.0.2
cat > ask.py <<'PY'
import json
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import KeySet
from jwt.algorithms import ECAlgorithm
public = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()))
def beside(more): return {'keys': [{**public, 'kid': 'a', 'use': 'sig'}, {**public, 'kid': 'b', **more}]}
for title, more in {'sig beside sig': {'use': 'sig'}, 'x509-svid beside sig': {'use': 'x509-svid'}, "key_ops of one's own": {'key_ops': ['verify', 'attest']}}.items():
    try: print(f'{title}: {len(KeySet.import_key_set(beside(more)).keys)} keys')
    except Exception as error: print(f'{title}: {type(error).__name__}')
print('PyJWT:', len(jwt.PyJWKSet.from_dict(beside({'use': 'x509-svid'})).keys), 'keys')
PY
seen=$(venv/bin/python -W ignore ask.py)
echo "$seen"
[ "$seen" = "sig beside sig: 2 keys
x509-svid beside sig: KeyParameterError
key_ops of one's own: KeyParameterError
PyJWT: 2 keys" ] || { echo 'changed'; exit 1; }
