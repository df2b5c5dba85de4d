import assert from 'node:assert/strict';
import { converse } from '../../support/converse.ts';
import { type EchoApp, startTcpEcho } from '../../support/echo-app.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';

const onlyProductpage = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: readers, namespace: default }
spec:
  selector: { matchLabels: { app: details } }
  rules:
    - from: [{ source: { principals: ["cluster.local/ns/default/sa/bookinfo-productpage"] } }]
`;

describe('TCP through a real Envoy that asks Gatehouse', function () {
  this.timeout(300_000);
  let app: EchoApp;
  let server: GuardedServer;
  let productpage: ClientIdentity;
  let reviews: ClientIdentity;

  before(async () => {
    app = await startTcpEcho('welcome\n');
    const policies = { 'readers.yaml': onlyProductpage };
    server = await startGuardedServer({ upstreamPort: app.port, policies, flags: ['--protocol', 'tcp'] });
    [productpage, reviews] = await Promise.all([server.identity('productpage'), server.identity('reviews')]);
  });

  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  it('carries the bytes of a caller that a rule allows, and logs which', async () => {
    assert.equal(await converse(server.port, productpage, 'hello'), 'welcome\nhello');
    const line = await server.logged((each) => each['decision'] === 'allow');
    assert.equal(line['policy'], 'default/readers');
    assert.equal(line['caller'], 'spiffe://cluster.local/ns/default/sa/bookinfo-productpage');
  });

  it('closes on a caller that none allows, before it hears anything from the application', async () => {
    assert.doesNotMatch(await converse(server.port, reviews, 'hello'), /hello|welcome/);
    const line = await server.logged((each) => String(each['caller']).endsWith('bookinfo-reviews'));
    assert.equal(line['reason'], 'no_rule_allowed');
  });

  it('closes on everybody while Gatehouse is killed', async () => {
    await server.gatehouse().stop('SIGKILL');
    assert.doesNotMatch(await converse(server.port, productpage, 'hello'), /hello|welcome/);
    await server.startGatehouse();
    assert.equal(await converse(server.port, productpage, 'hello'), 'welcome\nhello');
  });
});
