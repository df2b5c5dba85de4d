import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { type CheckClient, type CheckOutcome, checkClient, question } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';
import { type Issuing, issuingKey, mint } from '../../support/tokens.ts';

const iss = 'https://issuer.example';
const policies = (keys: string): string => `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: default }
spec: { jwtRules: [{ issuer: "${iss}", jwksUri: "${keys}" }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: details-viewer, namespace: default }
spec: { rules: [{ from: [{ source: { requestPrincipals: ["${iss}/alice"] } }] }] }
`;

describe('keys of an issuer, fetched by gatehouse serve', () => {
  let dir: GatehouseDir;
  let issuer: Server;
  let gatehouse: RunningGatehouse;
  let client: CheckClient;
  let answer: RequestListener = () => undefined;
  let fetched = 0;
  const first: Issuing[] = [];

  const serves = (...keys: readonly Issuing[]): void => {
    const body = JSON.stringify({
      keys: keys.map(({ jwk }, i) => ({ ...jwk, kid: `key-${first.indexOf(keys[i]!)}` })),
    });
    answer = (_, response) => void response.end(body);
  };
  const ask = async (key: number): Promise<CheckOutcome> => {
    const token = await mint(first[key]!, { iss, sub: 'alice' }, { kid: `key-${key}` });
    return client.ask(question('GET', '/details/1', { authorization: `Bearer ${token}` }));
  };
  const isAllowed = async (key: number): Promise<true | undefined> => {
    const { code, ...rest } = await ask(key);
    assert.equal(code, 0);
    return 'status' in rest && rest.status === 200 ? true : undefined;
  };

  before(async () => {
    for (let i = 0; i < 2; i++) first.push(await issuingKey('ES256'));
    serves(first[0]!);
    issuer = createServer((request, response) => {
      fetched++;
      answer(request, response);
    });
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    const { port } = issuer.address() as AddressInfo; // it listens on TCP
    dir = await gatehouseDir({ listen: usualListeners, jwks: { allowNetworks: ['127.0.0.1/32'] } });
    await dir.policy('details', policies(`http://127.0.0.1:${port}/keys`));
    gatehouse = await runGatehouse(dir.config);
    client = checkClient(gatehouse.ready.extAuthz);
  });

  after(async () => {
    client?.[Symbol.dispose]();
    await gatehouse?.[Symbol.asyncDispose]();
    issuer?.close();
    await dir?.[Symbol.asyncDispose]();
  });

  it('reach the deciders', async () => {
    await eventually('the first key is known', () => isAllowed(0));
  });

  it('are refused until they are known, and an unknown one is fetched for', async () => {
    const before = fetched;
    serves(...first);
    const outcome = await ask(1);
    assert.equal('status' in outcome && outcome.status, 401);
    await eventually('the second key is known', () => isAllowed(1));
    assert.equal(fetched, before + 1, 'however often it was asked');
    assert.equal(await isAllowed(0), true);
  });

  it('stay while their server is down', async () => {
    answer = (_, response) => void response.writeHead(503).end();
    assert.equal(await isAllowed(0), true);
    assert.equal(await isAllowed(1), true);
  });
});
