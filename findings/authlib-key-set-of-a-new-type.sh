#!/bin/sh
# Authlib 1.9.10 (PyPI), authlib.jose: a key set with one key of a type that the library does not know ends in a bare KeyError, and the good keys
# beside it are lost; RFC 7517, section 5 says that such keys SHOULD be ignored. An issuer that adds its first ML-DSA key (kty AKP) so stops
# all logins of such clients, and none of the errors that Authlib documents (JoseError) is raised: what catches those answers 500.
# Seen: `EC alone: 1 key`, `AKP beside it: KeyError('AKP'), a JoseError: False`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check Authlib==1.9.10 cryptography==50.0.2
cat > ask.py <<'PY'
import base64, json
from authlib.jose import JsonWebKey
from authlib.jose.errors import JoseError
good = JsonWebKey.generate_key('EC', 'P-256', {'kid': 'a'}).as_dict(is_private=False)
later = {'kty': 'AKP', 'alg': 'ML-DSA-44', 'kid': 'later', 'use': 'sig', 'pub': base64.urlsafe_b64encode(bytes(n % 251 for n in range(1312))).rstrip(b'=').decode()}
print('EC alone:', len(JsonWebKey.import_key_set({'keys': [good]}).keys), 'key')
try: print('AKP beside it:', len(JsonWebKey.import_key_set({'keys': [good, later]}).keys), 'key')
except Exception as error: print(f'AKP beside it: {error!r}, a JoseError: {isinstance(error, JoseError)}')
PY
seen=$(venv/bin/python -W ignore ask.py)
echo "$seen"
[ "$seen" = "EC alone: 1 key
AKP beside it: KeyError('AKP'), a JoseError: False" ] || { echo 'changed'; exit 1; }
