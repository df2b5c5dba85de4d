/**
 * What one filter costs Envoy in memory: what it has allocated by its own account, and what the system has given it.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureEnvoy } from '../../scripts/envoy.ts';
import { type Section, shown, shownSpread, spread } from '../lib/figures.ts';
import { ordinaryRules, treeFilter } from '../lib/native-policies.ts';
import { cache } from '../lib/paths.ts';
import { freePort, listening, residentMib, start } from '../lib/processes.ts';
import { rulesOf, sizes } from '../lib/same-rules.ts';
import { filterCopies, ordinaryFilter } from './filter-copies.ts';

const LARGEST = Math.max(...sizes);
const STARTS = 3;
const REQUESTS = 200;
const MIB = 2 ** 20;

interface Kind {
  readonly name: string;
  readonly filters: readonly object[];
  readonly allocated: number[];
  readonly resident: number[];
}

/** Starts an Envoy three times with each filter, in turn, and asks a little of it. */
export async function filterMemory(): Promise<Section> {
  const kind = (name: string, config?: Uint8Array): Kind => ({
    name,
    filters: config === undefined ? [] : filterCopies(`memory-${name.replaceAll(' ', '-')}`, config, 1),
    ...{ allocated: [], resident: [] },
  });
  const none = kind('none');
  const ordinary = kind('ordinary RBAC', ordinaryFilter(ordinaryRules(rulesOf(LARGEST))));
  const tree = kind('our tree', treeFilter(LARGEST));
  const kinds = [none, ordinary, tree];
  for (let round = 0; round < STARTS; round++) for (const each of kinds) await measure(each);
  const above = (of: 'allocated' | 'resident', one: Kind) => spread(one[of]).median - spread(none[of]).median;
  const ratio = (of: 'allocated' | 'resident'): string => shown(above(of, tree) / above(of, ordinary), 2);
  return {
    name: 'native-memory',
    title: `Envoy's memory with ${shown(LARGEST, 0)} rules`,
    note: `MiB after ${REQUESTS} requests, median (min–max) of ${STARTS} starts: what Envoy says that it has allocated (\`/memory\`), and what is resident. Above an Envoy without the filter, the tree takes ${ratio('allocated')} times what ordinary RBAC does, by what is allocated; ${ratio('resident')} times by what is resident.`,
    head: ['filter', 'allocated', 'above none', 'resident', 'above none'],
    rows: kinds.map((each) => [
      each.name,
      shownSpread(spread(each.allocated)),
      shown(above('allocated', each)),
      shownSpread(spread(each.resident)),
      shown(above('resident', each)),
    ]),
    raw: kinds.map(({ name, allocated, resident }) => ({ name, allocated, resident })),
  };
}

async function measure({ filters, allocated, resident }: Kind): Promise<void> {
  const [port, admin] = [await freePort(), await freePort()];
  const file = join(cache, 'memory.json');
  writeFileSync(file, JSON.stringify(bootstrap(port, admin, filters)));
  const flags = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
  const { child, stop } = start('envoy-memory', [await ensureEnvoy(), '-c', file, ...flags]);
  try {
    await listening(`127.0.0.1:${port}`, child);
    for (let i = 0; i < REQUESTS; i++) await (await fetch(`http://127.0.0.1:${port}/${i}`)).arrayBuffer();
    const reloads = await (await fetch(`http://127.0.0.1:${admin}/stats?filter=config_reload$`)).text();
    if (filters.length > 0 && !reloads.includes('.config_reload: 1\n')) throw new Error(`no filter came: ${reloads}`);
    const said = (await (await fetch(`http://127.0.0.1:${admin}/memory`)).json()) as { readonly allocated: string }; // Envoy's form
    allocated.push(Number(said.allocated) / MIB);
    resident.push(residentMib([child.pid ?? 0]));
  } finally {
    await stop();
  }
}

const place = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });
const typed = (type: string, more: object = {}): object => ({ '@type': `type.googleapis.com/${type}`, ...more });

const bootstrap = (port: number, admin: number, filters: readonly object[]): object => ({
  admin: { address: place(admin) },
  node: { id: 'memory', cluster: 'memory' },
  static_resources: {
    listeners: [
      {
        name: 'in',
        address: place(port),
        filter_chains: [
          {
            filters: [
              {
                name: 'manager',
                typed_config: typed(
                  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                  {
                    stat_prefix: 'in',
                    route_config: {
                      virtual_hosts: [
                        {
                          name: 'all',
                          domains: ['*'],
                          routes: [{ match: { prefix: '/' }, direct_response: { status: 200 } }],
                        },
                      ],
                    },
                    http_filters: [
                      ...filters,
                      { name: 'router', typed_config: typed('envoy.extensions.filters.http.router.v3.Router') },
                    ],
                  },
                ),
              },
            ],
          },
        ],
      },
    ],
  },
});
