import assert from 'node:assert/strict';
import { randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { EnvoysAnswer } from '../../../src/admin-api/envoys.ts';
import type { RevokedAnswer } from '../../../src/admin-api/revocations.ts';
import { askHttp } from '../../support/ask-http.ts';
import { type EchoApp, startHttpEcho } from '../../support/echo-app.ts';
import { eventually } from '../../support/eventually.ts';
import { filtersBeforeConnections, formerNativeFilters } from '../../support/former-native-filters.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import { gatehouseJson, projectRoot } from '../../support/run-gatehouse.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';

/** The bootstrap with these filters, and none for the connection. */
const former =
  (filters: readonly object[]) =>
  (yaml: string): string => {
    const bootstrap = parse(yaml);
    const [chain] = bootstrap.static_resources.listeners[0].filter_chains;
    chain.filters = chain.filters.slice(-1);
    const manager = chain.filters[0].typed_config;
    const others = manager.http_filters.filter(
      ({ name }: { name: string }) => !/^gatehouse\.(request|policy|marks)$/.test(name),
    );
    const asking = others.findIndex(({ name }: { name: string }) => name === 'envoy.filters.http.ext_authz');
    manager.http_filters = [...others.slice(0, asking), ...filters, ...others.slice(asking)];
    return stringify(bootstrap);
  };

const printed = {
  'that fills in itself what trees read': {
    filters: formerNativeFilters(),
    names: ['gatehouse.audit', 'gatehouse.policy', 'gatehouse.revocations'],
  },
  'in which everything is filled in with each request': {
    filters: filtersBeforeConnections(),
    names: ['gatehouse.facts', 'gatehouse.marks', 'gatehouse.policy'],
  },
};

for (const [name, { filters, names }] of Object.entries(printed))
  describe(`an Envoy that decides itself by filters that were printed before, ${name}`, function () {
    this.timeout(300_000);
    let app: EchoApp;
    let server: GuardedServer;
    let productpage: ClientIdentity;
    let reviews: ClientIdentity;

    before(async () => {
      app = await startHttpEcho();
      const policy = readFileSync(join(projectRoot, 'deploy/policies/details-viewer.yaml'), 'utf8');
      server = await startGuardedServer({
        ...{
          upstreamPort: app.port,
          policies: { 'details-viewer.yaml': policy },
          flags: ['--native'],
          edit: former(filters),
        },
      });
      [productpage, reviews] = await Promise.all([server.identity('productpage'), server.identity('reviews')]);
    });

    after(async () => {
      await server?.[Symbol.asyncDispose]();
      await app?.[Symbol.asyncDispose]();
    });

    const ask = async (identity: ClientIdentity, path = `/details/${randomUUID()}`) => {
      const { status } = await askHttp({ port: server.port, identity, version: 'http1', method: 'GET', path });
      const line = await server.logged((each) => each['path'] === path);
      const by = line['native_policy'];
      return `${status} ${typeof by === 'string' ? by : 'nothing'}`;
    };
    const gatehouse = <T>(...args: readonly string[]): Promise<T> =>
      gatehouseJson(...args, '--admin', server.gatehouse().ready.admin, '--output', 'json') as Promise<T>; // the schema's

    it('has its policy, its revocations and its marks under the names that it asks for', async () => {
      const [envoy] = await eventually('it holds all', async () => {
        const { envoys } = await gatehouse<EnvoysAnswer>('envoy', 'status');
        return envoys[0]?.configs.filter(({ state }) => state === 'holds').length === 3 ? envoys : undefined;
      });
      assert.deepEqual(
        envoy?.configs.map(({ resource }) => resource),
        names,
      );
      assert.equal(await ask(productpage), '200 n:allow/default/details-viewer#0');
      assert.equal(await ask(reviews), '403 n:no-rule-allowed');
    });

    it('hands over who shows a revoked serial number, and refuses a revoked identity', async () => {
      const { serialNumber } = new X509Certificate(productpage.cert);
      const order = ['--serial', serialNumber, '--reason', 'lost', '--override'];
      const { envoys } = await gatehouse<RevokedAnswer>('svid', 'revoke', ...order);
      assert.deepEqual(
        envoys?.map(({ inForce }) => inForce),
        [true],
      );
      assert.equal(await ask(productpage), '403 ask:revocations');
      const id = 'spiffe://cluster.local/ns/default/sa/bookinfo-reviews';
      await gatehouse<RevokedAnswer>('svid', 'revoke', '--id', id, '--reason', 'lost');
      assert.equal(await ask(reviews), '403 nothing');
    });
  });
