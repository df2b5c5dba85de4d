import assert from 'node:assert/strict';
import { askHttp } from '../../support/ask-http.ts';
import { type EchoApp, startHttpEcho } from '../../support/echo-app.ts';
import { eventually } from '../../support/eventually.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';
import { type Issuing, issuingKey, keySetText, mint } from '../../support/tokens.ts';

const iss = 'https://issuer.example';

const policies = (jwks: string) => ({
  'tokens.yaml': `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: tokens, namespace: default }
spec:
  jwtRules:
    - issuer: ${iss}
      jwks: ${JSON.stringify(jwks)}
      outputPayloadToHeader: x-payload
      outputClaimToHeaders:
        - { header: x-name, claim: name }
        - { header: x-dept, claim: org.dépt }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: named, namespace: default }
spec: { rules: [{ to: [{ operation: { notPaths: [/refused] } }] }] }
`,
});

/** Header values as the application got them: bytes. */
const bytesOf = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value, 'latin1').toString('utf8');

describe('what our answers say, at the application behind a real Envoy', function () {
  this.timeout(300_000);
  let app: EchoApp;
  let server: GuardedServer;
  let identity: ClientIdentity;
  let key: Issuing;

  before(async () => {
    key = await issuingKey('ES256');
    app = await startHttpEcho();
    server = await startGuardedServer({
      upstreamPort: app.port,
      policies: policies(keySetText({ ...key.jwk, kid: 'a' })),
    });
    identity = await server.identity('productpage');
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  const exp = Math.floor(Date.now() / 1000) + 3600;
  const claims = [
    { name: 'Latin letters', value: 'Zoë Müller', want: 'Zoë Müller' },
    { name: 'three bytes a character', value: '山田太郎', want: '山田太郎' },
    { name: 'four bytes a character', value: '🦊', want: '🦊' },
    { name: 'ASCII', value: 'ann', want: 'ann' },
    { name: 'the C1 block', value: 'a\u0085b', want: 'a\u0085b' },
    { name: 'a line break', value: 'a\r\nx-admin: true', want: undefined },
    { name: 'nothing', value: '', want: undefined },
  ];
  for (const version of ['http1', 'http2'] as const) {
    for (const { name, value, want } of claims) {
      it(`writes a claim of ${name} by ${version}`, async () => {
        const token = await mint(key, { iss, exp, sub: 'ann', name: value, org: { dépt: value } }, { kid: 'a' });
        const headers = { authorization: `Bearer ${token}`, 'x-name': 'forged', 'x-dept': 'forged' };
        const { status, body } = await askHttp({ port: server.port, identity, version, path: '/', headers });
        assert.equal(status, 200, body);
        const seen = (JSON.parse(body) as { headers: Record<string, string> }).headers; // the echo's own answer
        assert.equal(bytesOf(seen['x-name']), want);
        assert.equal(bytesOf(seen['x-dept']), want);
        assert.equal(seen['x-admin'], undefined);
        assert.equal(seen['x-payload'], token.split('.')[1]);
      });
    }
  }

  for (const own of ['', 'of-the-client', 'ä']) {
    it(`logs a decision under the access log's own name of the request ${own}`, async () => {
      const headers: Record<string, string> = own === '' ? {} : { 'x-request-id': Buffer.from(own).toString('latin1') };
      const path = `/refused`;
      const { status } = await askHttp({ port: server.port, identity, version: 'http1', path, headers });
      assert.equal(status, 403);
      const line = await server.logged((each) => each['path'] === path && (own === '' || each['request_id'] === own));
      const logged = await eventually('Gatehouse has logged it', () =>
        server
          .gatehouse()
          .log()
          .split('\n')
          .find((each) => each.includes(`"id":"${String(line['decision_id'])}"`)),
      );
      const { request } = JSON.parse(logged) as { request: Record<string, string> }; // our own log
      assert.equal(request['requestId'], line['request_id']);
      assert.match(request['streamId'] ?? '', /^[0-9]+$/);
    });
  }
});
