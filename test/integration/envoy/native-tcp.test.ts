import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { stringify } from 'yaml';
import type { DecisionRow } from '../../../src/admin-api/decisions.ts';
import type { EdgesAnswer } from '../../../src/admin-api/edges.ts';
import type { EnvoysAnswer } from '../../../src/admin-api/envoys.ts';
import type { RevokedAnswer } from '../../../src/admin-api/revocations.ts';
import { converse } from '../../support/converse.ts';
import { type EchoApp, startTcpEcho } from '../../support/echo-app.ts';
import { eventually } from '../../support/eventually.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import { gatehouseJson } from '../../support/run-gatehouse.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';

const policy = (name: string, spec: object): string =>
  stringify({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'details' } }, ...spec },
  });
const from = (account: string) => ({ source: { principals: [`cluster.local/ns/default/sa/bookinfo-${account}`] } });

const details = 'spiffe://cluster.local/ns/default/sa/bookinfo-details';
const productpageId = 'spiffe://cluster.local/ns/default/sa/bookinfo-productpage';

describe('an Envoy that decides connections itself', function () {
  this.timeout(300_000);
  let app: EchoApp;
  let server: GuardedServer;
  let productpage: ClientIdentity;
  let reviews: ClientIdentity;

  before(async () => {
    app = await startTcpEcho('welcome\n');
    server = await startGuardedServer({
      upstreamPort: app.port,
      policies: {
        'readers.yaml': policy('readers', { action: 'ALLOW', rules: [{ from: [from('productpage')] }] }),
        // Envoy shows no SNI here: who is meant asks.
        'writers.yaml': policy('writers', {
          action: 'ALLOW',
          rules: [{ from: [from('details')], when: [{ key: 'connection.sni', values: ['details.example'] }] }],
        }),
      },
      flags: ['--protocol', 'tcp', '--native'],
    });
    [productpage, reviews] = await Promise.all([server.identity('productpage'), server.identity('reviews')]);
  });

  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  const gatehouse = <T>(...args: readonly string[]): Promise<T> =>
    gatehouseJson(...args, '--admin', server.gatehouse().ready.admin, '--output', 'json') as Promise<T>; // the schema's
  const status = async () => (await gatehouse<EnvoysAnswer>('envoy', 'status')).envoys[0];
  const holdsAll = () =>
    eventually('it holds all that it was sent', async () => {
      const envoy = await status();
      return envoy?.configs.filter(({ state }) => state === 'holds').length === 2 ? envoy : undefined;
    });

  it('is in the book with both of its filters', async () => {
    const { configs, state } = await holdsAll();
    assert.deepEqual(
      [state, ...configs.map(({ resource }) => resource)],
      ['holds', 'gatehouse.network', 'gatehouse.network-revocations'],
    );
  });

  it('carries the bytes of a caller that a rule allows, and asks nobody', async () => {
    assert.equal(await converse(server.port, productpage, 'hello'), 'welcome\nhello');
    const line = await server.logged((each) => each['caller'] === productpageId);
    assert.equal(line['native_policy'], 'n:allow/default/readers#0');
    assert.equal(line['decision'] ?? null, null, 'nobody was asked');
  });

  it('closes on a caller that none allows, before it hears anything from the application', async () => {
    assert.doesNotMatch(await converse(server.port, reviews, 'hello'), /hello|welcome/);
    const line = await server.logged((each) => String(each['caller']).endsWith('bookinfo-reviews'));
    assert.equal(line['native_policy'], 'n:no-rule-allowed');
    assert.equal(line['decision'] ?? null, null, 'nobody was asked');
  });

  it('asks about what the tree cannot say', async () => {
    const own = await server.identity('details');
    assert.doesNotMatch(await converse(server.port, own, 'hello'), /hello|welcome/);
    const line = await server.logged((each) => each['caller'] === details);
    assert.equal(line['native_policy'], 'ask:allow/default/writers#0');
    assert.equal(line['decision'], 'deny');
  });

  it('tells Gatehouse of what it has decided', async () => {
    const told = await eventually('it has told of both', async () => {
      const { decisions } = await gatehouse<{ readonly decisions: readonly DecisionRow[] }>('decisions');
      const reported = decisions.filter((each) => each.reported === true);
      return reported.length >= 2 ? reported : undefined;
    });
    assert.deepEqual(
      told
        .map(({ decision, reason, policy: by, source, request, destination }) => ({
          ...{ decision, reason, by, caller: source?.principal, protocol: request?.protocol },
          to: destination?.spiffeId,
        }))
        .sort((a, b) => (a.decision < b.decision ? -1 : 1)),
      [
        {
          ...{ decision: 'allow', reason: 'rule_allowed', by: 'default/readers', caller: productpageId },
          ...{ protocol: 'tcp', to: details },
        },
        {
          ...{ decision: 'deny', reason: 'no_rule_allowed', by: undefined },
          ...{ caller: 'spiffe://cluster.local/ns/default/sa/bookinfo-reviews', protocol: 'tcp', to: details },
        },
      ],
    );
    const { edges } = await gatehouse<EdgesAnswer>('edges');
    assert.ok(edges.some(({ decider, caller }) => decider === 'envoys' && caller === productpageId));
  });

  it('hands over everybody while a key is revoked, whom Gatehouse then tells apart', async () => {
    const spki = new X509Certificate(reviews.cert).publicKey.export({ type: 'spki', format: 'der' });
    const hash = createHash('sha256').update(spki).digest('hex');
    const order = ['--spki', hash, '--reason', 'lost', '--override'];
    assert.equal((await gatehouse<RevokedAnswer>('svid', 'revoke', ...order)).inForce, true);
    assert.equal(await converse(server.port, productpage, 'hello'), 'welcome\nhello');
    const line = await server.logged((each) => each['native_policy'] === 'ask:revoked-keys');
    assert.deepEqual([line['caller'], line['decision']], [productpageId, 'allow']);
  });

  it('hands over who shows a revoked serial number, though a rule allows the caller', async () => {
    const before = await holdsAll();
    const { serialNumber } = new X509Certificate(productpage.cert);
    const order = ['--serial', serialNumber, '--reason', 'lost', '--override'];
    const answer = await gatehouse<RevokedAnswer>('svid', 'revoke', ...order);
    assert.deepEqual(answer.envoys, [{ node: details, spiffeId: details, inForce: true }]);
    assert.doesNotMatch(await converse(server.port, productpage, 'hello'), /hello|welcome/);
    const line = await server.logged((each) => each['native_policy'] === 'ask:revoked-serial');
    assert.equal(line['reason'], 'revoked');
    const after = (await holdsAll()).configs.find(({ resource }) => resource === 'gatehouse.network');
    assert.deepEqual(
      after,
      before.configs.find(({ resource }) => resource === 'gatehouse.network'),
      'its policy was not sent again',
    );
  });

  it('refuses a revoked identity itself, while Gatehouse is away too', async () => {
    const answer = await gatehouse<RevokedAnswer>('svid', 'revoke', '--id', productpageId, '--reason', 'lost');
    assert.equal(answer.inForce, true);
    await server.gatehouse().stop('SIGKILL');
    assert.doesNotMatch(await converse(server.port, productpage, 'hello'), /hello|welcome/);
    await server.logged((each) => each['native_policy'] === 'n:revoked');
    await server.startGatehouse();
  });
});
