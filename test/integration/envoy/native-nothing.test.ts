import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { askHttp } from '../../support/ask-http.ts';
import { type EchoApp, startHttpEcho } from '../../support/echo-app.ts';
import { eventually } from '../../support/eventually.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import { projectRoot } from '../../support/run-gatehouse.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';

/** The bootstrap without the filter that decides, so that nothing says anything of a request. */
function withoutPolicy(yaml: string): string {
  const bootstrap = parse(yaml);
  const manager = bootstrap.static_resources.listeners[0].filter_chains[0].filters.at(-1).typed_config;
  const isPolicy = ({ name }: { name: string }) => name === 'gatehouse.policy';
  assert.ok(manager.http_filters.some(isPolicy));
  manager.http_filters = manager.http_filters.filter((each: { name: string }) => !isPolicy(each));
  return stringify(bootstrap);
}

describe('an Envoy that decides itself, of whose requests nothing is known', function () {
  this.timeout(300_000);
  let app: EchoApp;
  let server: GuardedServer;
  let productpage: ClientIdentity;

  before(async () => {
    app = await startHttpEcho();
    const policy = readFileSync(join(projectRoot, 'deploy/policies/details-viewer.yaml'), 'utf8');
    const policies = { 'details-viewer.yaml': policy };
    server = await startGuardedServer({
      ...{ upstreamPort: app.port, policies, flags: ['--native'], edit: withoutPolicy },
    });
    productpage = await server.identity('productpage');
  });

  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  for (const version of ['http1', 'http2'] as const)
    it(`asks about each, by ${version}`, async () => {
      const ask = async (method: string) => {
        const path = `/details/${randomUUID()}`;
        const { status } = await askHttp({ port: server.port, identity: productpage, version, method, path });
        const line = await server.logged((each) => each['path'] === path);
        return { status, decision: line['decision'], reason: line['reason'] };
      };
      assert.deepEqual(await ask('GET'), { status: 200, decision: 'allow', reason: 'rule_allowed' });
      assert.deepEqual(await ask('POST'), { status: 403, decision: 'deny', reason: 'no_rule_allowed' });
    });

  it('lets nobody through while there is nobody to be asked', async () => {
    await server.gatehouse().stop('SIGKILL');
    const status = await eventually('it is refused', async () => {
      const asked = { port: server.port, identity: productpage, version: 'http1', method: 'GET', path: '/details/x' };
      return (await askHttp(asked as Parameters<typeof askHttp>[0])).status;
    });
    assert.equal(status, 503);
  });
});
