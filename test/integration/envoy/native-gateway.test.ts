import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { stringify } from 'yaml';
import type { EnvoysAnswer } from '../../../src/admin-api/envoys.ts';
import { askHttp } from '../../support/ask-http.ts';
import { type EchoApp, startHttpEcho } from '../../support/echo-app.ts';
import { eventually } from '../../support/eventually.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import { ownAddress } from '../../support/own-address.ts';
import { gatehouseJson } from '../../support/run-gatehouse.ts';

/** A policy of `details`; `spec` is its action and rules. */
const policy = (name: string, spec: object): string =>
  stringify({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'details' } }, ...spec },
  });

const policies = {
  'shop.yaml': policy('shop', { rules: [{ to: [{ operation: { hosts: ['shop.example'] } }] }] }),
  'near.yaml': policy('near', {
    rules: [
      {
        from: [{ source: { remoteIpBlocks: ['198.18.0.0/24'] } }],
        to: [{ operation: { hosts: ['near.example'] } }],
      },
    ],
  }),
  'token.yaml': policy('token', {
    rules: [
      {
        from: [{ source: { requestPrincipals: ['*'] } }],
        to: [{ operation: { hosts: ['token.example'] } }],
      },
    ],
  }),
  'banned.yaml': policy('banned', {
    action: 'DENY',
    rules: [{ from: [{ source: { remoteIpBlocks: ['198.51.100.0/24'] } }] }],
  }),
};

const shop = 'n:allow/default/shop#0';
const near = 'n:allow/default/near#0';
const banned = 'n:deny/default/banned#0';
const none = 'n:no-rule-allowed';

/** Host, X-Forwarded-For as the caller sends it, and what becomes of that behind so many proxies. */
const rows: readonly (readonly [hops: number, host: string, xff: string | undefined, want: string])[] = [
  [0, 'shop.example', undefined, `200 ${shop}`],
  [0, 'other.example', undefined, `403 ${none}`],
  [0, 'token.example', undefined, `403 ${none}`],
  // Nobody in front is believed: what the caller writes is nothing.
  [0, 'near.example', '198.18.0.3', `403 ${none}`],
  [0, 'shop.example', '198.51.100.7', `200 ${shop}`],
  [1, 'near.example', '198.18.0.3', `200 ${near}`],
  [1, 'near.example', '203.0.113.1, 198.18.0.3', `200 ${near}`],
  [1, 'near.example', '198.18.0.3, 203.0.113.1', `403 ${none}`],
  [1, 'near.example', undefined, `403 ${none}`],
  [1, 'shop.example', '198.51.100.7', `403 ${banned}`],
  [1, 'shop.example', '198.51.100.7,198.18.0.3', `200 ${shop}`],
  // As Check reads it, whatever Envoy makes of it.
  [1, 'near.example', '198.18.0.3:80', '403 ask:deny/default/banned#0 no_rule_allowed'],
  [1, 'near.example', '::ffff:198.18.0.3', '403 ask:deny/default/banned#0 no_rule_allowed'],
  [2, 'near.example', '198.18.0.3, 203.0.113.1', `200 ${near}`],
  [2, 'near.example', '198.18.0.3', `403 ${none}`],
  [2, 'shop.example', '198.51.100.7, 203.0.113.1', `403 ${banned}`],
];

/** Callers of loopback are told apart. It lies in none of the ranges above. */
const from = ownAddress();

for (const hops of [0, 1, 2])
  describe(`a gateway that decides itself, behind ${hops} proxies`, function () {
    this.timeout(300_000);
    let app: EchoApp;
    let server: GuardedServer;

    before(async () => {
      app = await startHttpEcho();
      const flags = ['--native', '--gateway', '--trusted-hops', String(hops)];
      server = await startGuardedServer({ upstreamPort: app.port, policies, flags });
      await eventually('it holds all that it was sent', async () => {
        const { envoys } = (await gatehouseJson(
          ...['envoy', 'status', '--admin', server.gatehouse().ready.admin],
        )) as EnvoysAnswer; // the schema's
        return envoys[0]?.configs.filter(({ state }) => state === 'holds').length === 3 || undefined;
      });
    });

    after(async () => {
      await server?.[Symbol.asyncDispose]();
      await app?.[Symbol.asyncDispose]();
    });

    if (hops === 0)
      it('asks about callers of its own machine, for whom Envoy writes the address of that into X-Forwarded-For', async () => {
        const path = `/${randomUUID()}`;
        await askHttp({ port: server.port, version: 'plain', path, headers: { host: 'shop.example' } });
        const line = await server.logged((each) => each['path'] === path);
        assert.deepEqual([line['native_policy'], line['reason']], ['ask:deny/default/banned#0', 'rule_allowed']);
      });

    for (const [, host, xff, want] of rows.filter(([of]) => of === hops))
      it(`says of ${host}, forwarded for ${xff ?? 'nobody'}: ${want}`, async () => {
        const path = `/${randomUUID()}`; // an Envoy at the edge gives request ids of its own
        const forwarded = xff === undefined ? {} : { 'x-forwarded-for': xff };
        const headers = { host, ...forwarded };
        const { status } = await askHttp({ port: server.port, version: 'plain', path, headers, from });
        const line = await server.logged((each) => each['path'] === path);
        const reason = line['reason'] ?? undefined;
        assert.equal([status, line['native_policy'], ...(reason === undefined ? [] : [reason])].join(' '), want);
      });
  });
