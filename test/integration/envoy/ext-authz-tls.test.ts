import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { askHttp } from '../../support/ask-http.ts';
import { type EchoApp, startHttpEcho } from '../../support/echo-app.ts';
import { type GuardedServerOptions, startGuardedServer } from '../../support/guarded-server.ts';
import { projectRoot } from '../../support/run-gatehouse.ts';

const policies = {
  'details-viewer.yaml': readFileSync(join(projectRoot, 'deploy/policies/details-viewer.yaml'), 'utf8'),
};

/** As much of a bootstrap as is changed here. */
interface Bootstrap {
  readonly static_resources: { readonly clusters: { name: string; [key: string]: unknown }[] };
}

/** The same Envoy, but it asks with the identity of another workload, whose socket it can open. */
function askingAs(socket: string, spiffeId: string) {
  return (yaml: string): string => {
    const bootstrap = parse(yaml) as Bootstrap; // made by our own command
    const { clusters } = bootstrap.static_resources;
    const sds = clusters.find(({ name }) => name === 'gatehouse_sds');
    const asking = clusters.findIndex(({ name }) => name === 'gatehouse_ext_authz');
    const own = JSON.stringify(sds).replace(/"path":"[^"]*details\.sock"/, `"path":${JSON.stringify(socket)}`);
    clusters.push({ ...(JSON.parse(own) as Bootstrap['static_resources']['clusters'][0]), name: 'other_sds' });
    const changed = JSON.stringify(clusters[asking])
      .replaceAll('"cluster_name":"gatehouse_sds"', '"cluster_name":"other_sds"')
      .replace('spiffe://cluster.local/ns/default/sa/bookinfo-details', spiffeId);
    clusters[asking] = JSON.parse(changed) as (typeof clusters)[0];
    return stringify(bootstrap, { aliasDuplicateObjects: false });
  };
}

describe('a real Envoy that asks Gatehouse over mTLS, with certificates from its SDS', function () {
  this.timeout(300_000);
  let app: EchoApp;
  before(async () => {
    app = await startHttpEcho();
  });
  after(() => app?.[Symbol.asyncDispose]());

  const start = (more: Partial<GuardedServerOptions> = {}) =>
    startGuardedServer({ upstreamPort: app.port, policies, extAuthzTls: true, ...more });

  for (const transport of ['lane', 'grpc-js']) {
    it(`is answered by ${transport}`, async () => {
      await using server = await start({ config: { extAuthz: { transport } } });
      const identity = await server.identity('productpage');
      const ask = (method: string) =>
        askHttp({ port: server.port, identity, version: 'http2', path: '/details/1', method });
      assert.equal((await ask('GET')).status, 200);
      assert.deepEqual(await ask('DELETE'), { status: 403, body: 'RBAC: access denied' });
      assert.ok((await server.envoy.stat('cluster.gatehouse_ext_authz.ssl.handshake')) > 0, 'by TLS');
    });
  }

  it('gets no answer as another workload: caller_not_authorised', async () => {
    const spiffeId = 'spiffe://cluster.local/ns/default/sa/bookinfo-reviews';
    let socket = '';
    await using server = await start({
      edit: (yaml) => {
        socket = /path: (\S*)details\.sock/.exec(yaml)?.[1] ?? '';
        return askingAs(`${socket}reviews.sock`, spiffeId)(yaml);
      },
    });
    const identity = await server.identity('productpage');
    const { status } = await askHttp({ port: server.port, identity, version: 'http1', path: '/details/other' });
    assert.equal(status, 403);
    const line = await server.logged((each) => each['path'] === '/details/other');
    assert.equal(line['reason'], 'caller_not_authorised');
  });

  it('does not believe a Gatehouse with another SPIFFE ID, and lets nothing pass', async () => {
    await using server = await start({ flags: ['--ext-authz-id', 'spiffe://cluster.local/another'] });
    const identity = await server.identity('productpage');
    const { status } = await askHttp({ port: server.port, identity, version: 'http1', path: '/details/1' });
    assert.equal(status, 503);
    assert.ok((await server.envoy.stat('cluster.gatehouse_ext_authz.ssl.fail_verify_san')) > 0);
  });
});
