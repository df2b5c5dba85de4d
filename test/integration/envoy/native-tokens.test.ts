import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { EnvoysAnswer } from '../../../src/admin-api/envoys.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { askHttp } from '../../support/ask-http.ts';
import { type EchoApp, startHttpEcho } from '../../support/echo-app.ts';
import { eventually } from '../../support/eventually.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';
import * as make from '../../support/tokens.ts';

const issuer = 'https://issuer.example';
const CHAIN = 'type.googleapis.com/envoy.extensions.filters.http.filter_chain.v3.FilterChainConfig';

const policies = (jwksUri: string, subject = 'alice'): string => `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: default}
spec: {jwtRules: [{issuer: "${issuer}", jwksUri: "${jwksUri}"}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: by-subject, namespace: default}
spec: {rules: [{from: [{source: {requestPrincipals: ["${issuer}/${subject}"]}}]}]}
`;

describe('an Envoy that verifies tokens itself', function () {
  this.timeout(300_000);
  let app: EchoApp;
  let keys: Server;
  let served: readonly make.Issuing[];
  let first: make.Issuing;
  let second: make.Issuing;

  before(async () => {
    [first, second] = await Promise.all([make.issuingKey('ES256'), make.issuingKey('ES256')]);
    served = [first];
    keys = createServer((_, response) =>
      response.end(make.keySetText(...served.map((key) => ({ ...key.jwk, kid: kidOf(key) })))),
    );
    await new Promise<void>((resolve) => void keys.listen(0, '127.0.0.1', resolve));
    app = await startHttpEcho();
  });

  after(async () => {
    keys?.close();
    await app?.[Symbol.asyncDispose]();
  });

  const kidOf = (key: make.Issuing): string => (key === first ? 'first' : 'second');
  const token = (key: make.Issuing, sub = 'alice') => make.mint(key, { iss: issuer, sub }, { kid: kidOf(key) });
  const uri = (): string => `http://127.0.0.1:${(keys.address() as AddressInfo).port}/keys`; // it listens on TCP
  const start = (edit?: (bootstrap: string) => string): Promise<GuardedServer> =>
    startGuardedServer({
      upstreamPort: app.port,
      policies: { 'tokens.yaml': policies(uri()) },
      flags: ['--native'],
      config: { jwks: { allowNetworks: ['127.0.0.0/8'] }, listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0' } },
      ...(edit && { edit }),
    });
  const held = async (server: GuardedServer) => {
    const { body } = await askAdmin(server.gatehouse().ready.admin, 'GET', '/v1/envoys');
    const { envoys } = body as EnvoysAnswer; // the schema's
    return envoys[0]?.configs.find(({ resource }) => resource === 'gatehouse.policy');
  };
  const asker = (server: GuardedServer, identity: ClientIdentity) => async (bearer: string | undefined) => {
    const path = `/details/${randomUUID()}`;
    const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const { status } = await askHttp({ port: server.port, identity, version: 'http1', path, headers });
    return { status, path };
  };

  it('decides by what they say, follows the keys, and never by keys that have gone', async () => {
    served = [first];
    await using server = await start();
    const ask = asker(server, await server.identity('productpage'));
    const decidedBy = async (bearer: string | undefined) => {
      const { status, path } = await ask(bearer);
      const line = await server.logged((each) => each['path'] === path);
      return `${status} ${String(line['native_policy'])}`;
    };
    const [alice, bob, next] = [await token(first), await token(first, 'bob'), await token(second)];
    await eventually(
      'it decides by tokens',
      async () => (await decidedBy(alice)).endsWith('n:allow/default/by-subject#0') || undefined,
    );
    assert.equal(await decidedBy(alice), '200 n:allow/default/by-subject#0');
    assert.equal(await decidedBy(bob), '403 n:no-rule-allowed');
    assert.equal(await decidedBy(undefined), '403 n:no-rule-allowed');
    assert.equal(await decidedBy(`${alice.slice(0, -6)}AAAAAA`), '401 ask:token');
    assert.equal(await decidedBy(next), '401 ask:token');

    const before = (await held(server))?.version;
    served = [second];
    const odd: string[] = [];
    const traffic = new AbortController();
    /** Requests by the key that goes: those sent after its successor was good must not pass. */
    let isGone = false;
    const running = (async () => {
      while (!traffic.signal.aborted) {
        const gone = isGone;
        const { status } = await ask(alice);
        if (status !== 401 && (gone || status !== 200)) odd.push(`${status}, gone: ${gone}`);
      }
    })();
    await eventually(
      'its successor is fetched, for a token that names it, and pushed',
      async () => {
        const { status } = await ask(next);
        assert.ok(status === 401 || status === 200, String(status));
        return (await held(server))?.version !== before && status === 200 ? true : undefined;
      },
      90_000,
    );
    isGone = true;
    assert.equal(await decidedBy(next), '200 n:allow/default/by-subject#0');
    assert.equal(await decidedBy(alice), '401 ask:token');

    for (const subject of ['bob', 'alice']) {
      const last = (await held(server))?.version;
      await writeFile(join(server.directory, 'policies/tokens.yaml'), policies(uri(), subject));
      await eventually('it holds the next', async () => {
        const now = await held(server);
        return now?.state === 'holds' && now.version !== last ? true : undefined;
      });
      assert.equal((await ask(next)).status, subject === 'alice' ? 200 : 403, subject);
    }
    traffic.abort();
    await running;
    assert.deepEqual(odd, []);
  });

  it('asks about everything where it takes no filters beside its tree', async () => {
    served = [first];
    await using server = await start((bootstrap) =>
      bootstrap.replaceAll(new RegExp(`^.*${CHAIN.replaceAll('.', '\\.')}.*\\n`, 'gm'), ''),
    );
    const ask = asker(server, await server.identity('productpage'));
    const config = await eventually('it refuses', async () => {
      const now = await held(server);
      return now?.refused === undefined ? undefined : now;
    });
    assert.match(config.refused?.words ?? '', /FilterChainConfig/);
    assert.equal((await ask(await token(first))).status, 200);
    assert.equal((await ask(await token(first, 'bob'))).status, 403);
    assert.equal((await ask(await token(second))).status, 401);
  });
});
