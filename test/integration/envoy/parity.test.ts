import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { askHttp } from '../../support/ask-http.ts';
import { type EchoApp, startHttpEcho } from '../../support/echo-app.ts';
import { eventually } from '../../support/eventually.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import { projectRoot } from '../../support/run-gatehouse.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';

interface Canary {
  readonly http_filters: readonly object[];
  readonly ext_authz: object;
}

interface Manager {
  readonly http_filters: { readonly name: string; readonly typed_config: object }[];
}

interface Bootstrap {
  readonly static_resources: {
    readonly listeners: readonly { filter_chains: readonly { filters: readonly { typed_config: Manager }[] }[] }[];
  };
}

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8');

/** Puts what the file ships into our own bootstrap, as its heading says. */
function withCanary(yaml: string): string {
  const bootstrap = parse(yaml) as Bootstrap;
  const canary = parse(read('deploy/envoy/parity-canary.yaml')) as Canary;
  const manager = bootstrap.static_resources.listeners[0]!.filter_chains[0]!.filters[0]!.typed_config;
  const asking = manager.http_filters.find(({ name }) => name === 'envoy.filters.http.ext_authz')!;
  Object.assign(asking.typed_config, canary.ext_authz);
  manager.http_filters.unshift(...(canary.http_filters as Manager['http_filters']));
  return stringify(bootstrap);
}

describe('the parity canary with a real Envoy', function () {
  this.timeout(300_000);
  let app: EchoApp;
  let server: GuardedServer;
  let productpage: ClientIdentity;

  before(async () => {
    app = await startHttpEcho();
    server = await startGuardedServer({
      upstreamPort: app.port,
      // Envoy's shadow knows both policies of deploy/policies; we are given a wider details-viewer
      policies: {
        'details-private.yaml': read('deploy/policies/details-private.yaml'),
        'details-viewer.yaml': read('deploy/policies/details-viewer.yaml').replace('["GET"]', '["GET", "PUT"]'),
      },
      edit: withCanary,
    });
    productpage = await server.identity('productpage');
  });

  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  const ask = (method: string, path: string) =>
    askHttp({ port: server.port, identity: productpage, version: 'http1', method, path });

  const counted = async (): Promise<readonly string[]> => {
    const response = await fetch(`http://${server.gatehouse().ready.health}/metrics`);
    return (await response.text()).split('\n').filter((line) => line.startsWith('gatehouse_parity_total'));
  };

  it('counts each request, and logs the first disagreement with the request but not its query', async () => {
    assert.equal((await ask('GET', '/details/1')).status, 200);
    assert.equal((await ask('GET', '/details/private')).status, 403);
    assert.equal((await ask('POST', '/details/1')).status, 403);
    assert.equal((await ask('PUT', '/details/1?access_token=secret')).status, 200);
    assert.equal((await ask('PUT', '/details/2')).status, 200);
    const wanted = ['gatehouse_parity_total{result="agreement"} 3', 'gatehouse_parity_total{result="disagreement"} 2'];
    await eventually('all five are counted', async () => {
      const lines = await counted();
      return wanted.every((line) => lines.includes(line)) || undefined;
    });
    const told = server
      .gatehouse()
      .log()
      .split('\n')
      .filter((line) => line.includes("disagrees with Envoy's RBAC"));
    assert.equal(told.length, 1, 'the first of its kind only');
    assert.match(told[0]!, /"effect":"deny"/);
    assert.match(told[0]!, /"method":"PUT"/);
    assert.match(told[0]!, /"path":"\/details\/1"/);
    assert.doesNotMatch(server.gatehouse().log(), /secret/);
  });
});
