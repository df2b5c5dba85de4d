import assert from 'node:assert/strict';
import type { EnvoyConfig } from '../../../../src/cli/doctor/config-dump.ts';
import { examine } from '../../../../src/cli/doctor/examine.ts';
import type { JsonObject } from '../../../../src/cli/doctor/json.ts';
import { generateBootstrap } from '../../../../src/cli/envoy/bootstrap.ts';
import { namedWorkload } from '../../../../src/cli/envoy/filters/ext-authz.ts';
import { readFlags } from '../../../../src/cli/envoy/flags.ts';
import { parseSpiffeId } from '../../../../src/spiffe/spiffe-id.ts';

const own = 'spiffe://cluster.local/ns/default/sa/details';
/** A bootstrap that is taken apart: JSON of which the test knows the shape. */
// biome-ignore lint/suspicious/noExplicitAny: a test reaches deep into Envoy's configuration, whose types we do not have
type Loose = any; // oxlint-disable-line typescript/no-explicit-any

/** A bootstrap whose chain has lost its TLS. */
function plain(change: (host: Loose, routes: Loose) => void): readonly string[] {
  const bootstrap: Loose = structuredClone(
    generateBootstrap(
      readFlags({
        ...{ workload: 'default/details', trustDomain: 'cluster.local', label: [], outbound: [], native: true },
        ...{ listen: '0.0.0.0:8443', upstream: '127.0.0.1:9080', upstreamProtocol: 'http1', protocol: 'http' },
        ...{ serverSpeaksFirst: false, sds: 'unix:/run/x.sock', extAuthz: '127.0.0.1:9191', extAuthzTls: false },
        ...{ timeout: '1s', maxConnectionDuration: '1h', paths: 'strict', gateway: false, trustedHops: '0' },
        ...{ federated: false, admin: '127.0.0.1:9901', accessLog: '/dev/stdout' },
      }),
    ),
  );
  const [chain] = bootstrap.static_resources.listeners[0].filter_chains;
  delete chain.transport_socket;
  const { route_config: routes } = chain.filters.at(-1).typed_config;
  change(routes.virtual_hosts[0], routes);
  const config: EnvoyConfig = {
    listeners: bootstrap.static_resources.listeners as readonly JsonObject[],
    clusters: new Map(bootstrap.static_resources.clusters.map((each: Loose) => [each.name, each])),
    ...{ routes: new Map(), secrets: new Map(), bootstrap, managers: [] },
  };
  return examine(config)
    .map(({ kind, code }) => `${kind} ${code}`)
    .filter((each) => each.includes('native_'));
}

const named = (id: string): JsonObject => namedWorkload({ spiffeId: parseSpiffeId(id), trustedHops: undefined });

describe('a chain without TLS of an Envoy that decides itself', () => {
  it('has to name the workload', () => {
    assert.deepEqual(
      plain(() => undefined),
      ['fragile native_workload_unnamed'],
    );
  });

  it('names it on a host, on all of them, or on a route', () => {
    for (const at of [
      (host: Loose) => void Object.assign(host, { typed_per_filter_config: named(own) }),
      (_: Loose, routes: Loose) => void Object.assign(routes, { typed_per_filter_config: named(own) }),
      (host: Loose) => void Object.assign(host.routes[0], { typed_per_filter_config: named(own) }),
    ])
      assert.deepEqual(plain(at), []);
  });

  it('has to name it on every route', () => {
    const some = plain((host) => {
      host.routes.unshift({ ...host.routes[0], typed_per_filter_config: named(own) });
    });
    assert.deepEqual(some, ['fragile native_workload_unnamed']);
  });

  it('names the one whose tree it has', () => {
    const other = plain((host) => {
      host.typed_per_filter_config = named('spiffe://cluster.local/ns/default/sa/other');
    });
    assert.deepEqual(other, ['inexact native_workload_other']);
  });
});
