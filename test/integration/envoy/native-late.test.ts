import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { askHttp } from '../../support/ask-http.ts';
import { type EchoApp, startHttpEcho } from '../../support/echo-app.ts';
import { eventually } from '../../support/eventually.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import { runEnvoy } from '../../support/run-envoy.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';
import { plainOnly } from '../../support/without-tls.ts';

const policies = {
  'policy.yaml': `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: open, namespace: default}
spec:
  selector: {matchLabels: {app: details}}
  action: ALLOW
  rules:
    - to: [{operation: {paths: [/open/*]}}]
    - from: [{source: {principals: [cluster.local/ns/default/sa/bookinfo-productpage]}}]
`,
};

describe('an Envoy that decides itself, and a server that comes late or answers late', function () {
  this.timeout(300_000);
  let app: EchoApp;
  let server: GuardedServer;
  let productpage: ClientIdentity;
  let reviews: ClientIdentity;
  let bootstrap = '';

  before(async () => {
    app = await startHttpEcho();
    server = await startGuardedServer({
      ...{ upstreamPort: app.port, policies, flags: ['--native'] },
      edit: (made) => {
        bootstrap = made;
        return made;
      },
    });
    [productpage, reviews] = await Promise.all([server.identity('productpage'), server.identity('reviews')]);
  });

  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  /** The status, and what the tree came to. */
  async function ask(port: number, path: string, identity?: ClientIdentity): Promise<string> {
    const requestId = randomUUID();
    const { status } = await askHttp({
      ...{ port, path, version: identity === undefined ? 'plain' : 'http1', headers: { 'x-request-id': requestId } },
      ...(identity && { identity }),
    });
    const line = await server.logged((each) => each['request_id'] === requestId);
    return [status, line['native_policy'], line['reason']].join(' ').trim();
  }

  /** Started now; it needs no certificate to serve. */
  const another = (name: string) =>
    runEnvoy({ bootstrap: plainOnly(bootstrap), directory: server.directory, name, timeoutMs: 120_000 });

  /** Asks until its tree decides; on the way it may refuse for want of an answer, and nothing else may be wrong. */
  async function watchUntilItDecides(port: number): Promise<void> {
    const wrong: string[] = [];
    await eventually('its tree decides', async () => {
      const [good, bad] = await Promise.all([ask(port, '/open/1'), ask(port, '/closed/1')]);
      if (!/^(?:200|503) /.test(good)) wrong.push(good);
      if (!/^(?:403|503) /.test(bad)) wrong.push(bad);
      return (good === '200 n:allow/default/open#0' && bad === '403 n:no-rule-allowed') || undefined;
    });
    assert.deepEqual(wrong, []);
  }

  it('asks before its policy has come, and lets nobody through while there is nobody to be asked', async () => {
    await server.gatehouse().stop('SIGKILL');
    await using early = await another('early');
    const port = await early.port('inbound');
    for (const path of ['/open/1', '/closed/1']) assert.equal(await ask(port, path), '503 ask:not-yet', path);
    await server.startGatehouse();
    await watchUntilItDecides(port);
  });

  it('likewise with a server that accepts and does not answer; one that holds its tree goes on', async () => {
    await eventually(
      'the tree decides',
      async () => (await ask(server.port, '/x', productpage)).startsWith('200 n:') || undefined,
    );
    const { pid, ready } = server.gatehouse();
    const pids = [pid, ...ready.deciderPids];
    for (const each of pids) process.kill(each, 'SIGSTOP');
    let isSlow = true;
    const wake = (): void => {
      if (isSlow) for (const each of pids) process.kill(each, 'SIGCONT');
      isSlow = false;
    };
    try {
      await using late = await another('late');
      const port = await late.port('inbound');
      for (const path of ['/open/1', '/closed/1']) assert.equal(await ask(port, path), '503 ask:not-yet', path);
      assert.equal(await ask(server.port, '/x', productpage), '200 n:allow/default/open#1');
      assert.equal(await ask(server.port, '/x', reviews), '403 n:no-rule-allowed');
      wake();
      await watchUntilItDecides(port);
    } finally {
      wake();
    }
  });
});
