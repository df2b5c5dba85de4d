import assert from 'node:assert/strict';
import { randomUUID, X509Certificate } from 'node:crypto';
import { stringify } from 'yaml';
import type { EnvoysAnswer } from '../../../src/admin-api/envoys.ts';
import type { RevokedAnswer } from '../../../src/admin-api/revocations.ts';
import { askHttp } from '../../support/ask-http.ts';
import { startChild } from '../../support/child.ts';
import { type EchoApp, startHttpEcho } from '../../support/echo-app.ts';
import { eventually } from '../../support/eventually.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import { gatehouseCommand, gatehouseJson } from '../../support/run-gatehouse.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';
import { permissive } from '../../support/without-tls.ts';

/** A policy of `details`; `spec` is its action and rules. */
const policy = (name: string, spec: object): string =>
  stringify({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'details' } }, ...spec },
  });

const principals = (account: string) => ({ source: { principals: [`cluster.local/ns/default/sa/${account}`] } });
const paths = (...some: readonly string[]) => ({ operation: { paths: some } });

const policies = {
  'viewer.yaml': policy('viewer', { action: 'ALLOW', rules: [{ from: [principals('bookinfo-productpage')] }] }),
  'open.yaml': policy('open', { action: 'ALLOW', rules: [{ to: [paths('/open/*')] }] }),
  'private.yaml': policy('private', {
    action: 'DENY',
    rules: [{ to: [paths('/open/private')] }, { from: [principals('nobody')] }],
  }),
  'audit.yaml': policy('audit', { action: 'AUDIT', rules: [{ from: [principals('bookinfo-productpage')] }] }),
};

describe('an Envoy that decides itself, for callers without TLS', function () {
  this.timeout(300_000);
  let app: EchoApp;
  let server: GuardedServer;
  let productpage: ClientIdentity;
  let reviews: ClientIdentity;

  before(async () => {
    app = await startHttpEcho();
    server = await startGuardedServer({ upstreamPort: app.port, policies, flags: ['--native'], edit: permissive });
    [productpage, reviews] = await Promise.all([server.identity('productpage'), server.identity('reviews')]);
    await eventually('it holds all that it was sent', async () => {
      const { envoys } = await gatehouse<EnvoysAnswer>('envoy', 'status');
      return envoys[0]?.configs.filter(({ state }) => state === 'holds').length === 3 || undefined;
    });
  });

  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  const gatehouse = <T>(...args: readonly string[]): Promise<T> =>
    gatehouseJson(...args, '--admin', server.gatehouse().ready.admin, '--output', 'json') as Promise<T>; // the schema's

  async function refusal(...args: readonly string[]): Promise<{ code: number | string; text: string }> {
    await using child = startChild(...gatehouseCommand(...args, '--admin', server.gatehouse().ready.admin));
    return { code: await child.ended, text: child.stdout() };
  }

  /** The status, and which filters came to what. */
  async function ask(path: string, identity?: ClientIdentity): Promise<string> {
    const version = identity === undefined ? 'plain' : 'http1';
    const unique = `${path}?${randomUUID()}`;
    const requestId = randomUUID();
    const { status } = await askHttp({
      ...{ port: server.port, version, path: unique, headers: { 'x-request-id': requestId } },
      ...(identity && { identity }),
    });
    const line = await server.logged((each) => each['request_id'] === requestId);
    return [status, line['native_revocations'], line['native_policy'], line['reason'] ?? 'not asked'].join(' ');
  }

  async function plainVerdicts(): Promise<void> {
    assert.equal(await ask('/open/1'), '200 n:not-revoked n:allow/default/open#0 not asked');
    assert.equal(await ask('/details/1'), '403 n:not-revoked n:no-rule-allowed not asked');
    assert.equal(await ask('/open/private'), '403 n:not-revoked n:deny/default/private#0 not asked');
  }

  it('decides by what they ask for', plainVerdicts);

  it('and those with a certificate by their names', async () => {
    assert.equal(await ask('/details/1', productpage), '200 n:not-revoked n:allow/default/viewer#0 not asked');
    assert.equal(await ask('/open/1', reviews), '200 n:not-revoked n:allow/default/open#0 not asked');
  });

  it('whatever is revoked: they show no name, no serial number and no key', async () => {
    const id = 'spiffe://cluster.local/ns/default/sa/bookinfo-reviews';
    const { serialNumber } = new X509Certificate(productpage.cert);
    const revoke = async (...order: readonly string[]) =>
      assert.equal((await gatehouse<RevokedAnswer>('svid', 'revoke', ...order, '--reason', 'lost')).inForce, true);

    await revoke('--id', id);
    await plainVerdicts();
    assert.equal(await ask('/open/1', reviews), '403 n:revoked  not asked');

    const { code, text } = await refusal('svid', 'revoke', '--serial', serialNumber);
    assert.equal(code, 1);
    assert.match(
      text,
      /^not done: \d+ of \d+ .*\. 1 Envoy decides itself and has told of \d+ requests .*: --override --reason/,
    );
    await revoke('--serial', serialNumber, '--override');
    await plainVerdicts();
    assert.equal(await ask('/open/1', productpage), '403 ask:revoked-serial ask:revocations revoked');

    const { rows } = await gatehouse<{ readonly rows: readonly { readonly spkiSha256: string }[] }>('ca', 'ledger');
    await revoke('--spki', rows[0]!.spkiSha256, '--override');
    await plainVerdicts();
  });
});
