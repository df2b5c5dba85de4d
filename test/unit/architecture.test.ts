import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { serverRooms } from '../support/server-rooms.ts';

/** The values that every room of policy speaks of. */
const policyValues = [
  'policy/model.ts',
  'policy/facts.ts',
  'policy/decision.ts',
  'policy/snapshot.ts',
  'policy/rules/needed-fact.ts',
  'policy/token-carriers.ts',
  'policy/token-limits.ts',
];

/** What the readers of one dialect stand on, besides what all of them share. */
const dialect = [
  ...policyValues,
  'policy/registry',
  'policy/meaning',
  'policy/rules',
  'policy/meaning/labels.ts',
  'policy/documents',
  'lib',
];

/** What every room of the authority stands on. */
const authority = ['../certs', 'identity/source', 'identity/pki', 'spiffe', 'lib'];

/** What every protocol of delivery stands on. */
const delivery = [
  'identity/source',
  'identity/attestation',
  'identity/registration',
  'identity/pki',
  'spiffe',
  'transport/*',
  'gen',
  'lib',
];

/** What every room of the lane speaks of. */
const laneValues = ['transport/lane/counts.ts', 'transport/lane/limits.ts', 'transport/lane/method.ts'];

/**
 * Which room may import which. The longest matching prefix of a path is its room; a room may always import itself,
 * `errors.ts`, and packages; `room/*` is a room with all that are inside of it. Type-only imports count.
 */
const may: Record<string, readonly string[]> = {
  'main.ts': ['*'],
  cli: ['*'],
  ...serverRooms,
  'errors.ts': [],
  /** What the admin API is asked and answers; the console reads it in a browser. */
  'admin-api': ['admin-api/*', 'lib'],
  'admin-api/seen': ['admin-api', 'lib'],
  /** The page of the console: it runs in a browser, and knows of the server what the admin API says. Its rooms hold `.tsx` too. */
  'console/model': ['admin-api', 'admin-api/seen'],
  console: ['console/*', 'admin-api', 'admin-api/seen'],
  config: ['spiffe', 'lib'],
  spiffe: ['lib'],
  'identity/attestation': ['identity/attestation/kubernetes', 'spiffe', 'lib'],
  'identity/attestation/kubernetes': ['spiffe', 'lib'],
  'identity/registration': ['spiffe', 'lib'],
  'identity/pki': ['../certs', 'spiffe', 'lib'],
  /** What the authority gives and delivery takes. */
  'identity/federation': ['identity/pki', 'spiffe', 'lib'],
  'identity/source': ['identity/pki', 'spiffe', 'lib'],
  'identity/authority/keys': authority,
  'identity/authority/store': ['identity/authority/keys', 'identity/authority/rotate', ...authority],
  'identity/authority/join': ['identity/authority/store', ...authority],
  'identity/authority/federate': ['identity/authority/store', ...authority],
  'identity/authority/rotate': [
    'identity/authority',
    'identity/authority/keys',
    'identity/authority/store',
    ...authority,
  ],
  'identity/authority/issue': [
    'identity/authority',
    'identity/authority/join',
    'identity/authority/keys',
    'identity/authority/rotate',
    'identity/authority/store',
    ...authority,
  ],
  'identity/authority/revoke': [
    'identity/authority',
    'identity/authority/issue',
    'identity/authority/join',
    'identity/authority/keys',
    'identity/authority/rotate',
    'identity/authority/store',
    ...authority,
  ],
  'identity/authority/recover': [
    'identity/authority',
    'identity/authority/keys',
    'identity/authority/store',
    ...authority,
  ],
  /** Joins its rooms to one authority. */
  'identity/authority': ['identity/authority/*', ...authority],
  'identity/delivery/sds': ['identity/delivery', ...delivery],
  'identity/delivery/workload-api': ['identity/delivery', ...delivery],
  'identity/delivery/istio-ca': ['identity/attestation/kubernetes', 'identity/delivery', ...delivery],
  'identity/delivery/pod-certificates': ['identity/attestation/kubernetes', 'identity/delivery', ...delivery],
  'identity/delivery/oidc': ['spiffe'],
  'identity/delivery/feed': ['identity/delivery', ...delivery],
  'identity/delivery': ['identity/delivery/*', ...delivery],
  'policy/documents': ['policy/documents/yaml', 'lib'],
  'policy/documents/yaml': ['policy/documents', 'lib'],
  'policy/meaning/labels.ts': ['lib'],
  'policy/registry': ['policy/documents', 'policy/meaning/labels.ts', 'lib'],
  'policy/rules/needed-fact.ts': ['policy/model.ts'],
  'policy/model.ts': ['policy/documents', 'policy/registry', 'policy/meaning/labels.ts'],
  'policy/facts.ts': ['policy/model.ts'],
  'policy/decision.ts': ['policy/model.ts'],
  'policy/snapshot.ts': ['policy/decision.ts', 'policy/facts.ts', 'policy/rules/needed-fact.ts'],
  'policy/token-carriers.ts': ['policy/model.ts'],
  'policy/token-limits.ts': [],
  /** What compiled programs and the plain evaluator share by definition; it knows neither, and they do not know each other. */
  'policy/meaning': ['policy/meaning/labels.ts', ...policyValues, 'policy/registry', 'spiffe', 'lib'],
  /** What a rule is to whoever counts it. */
  'policy/rules': [...policyValues, 'lib'],
  'policy/compile/match': ['policy/meaning', ...policyValues, 'lib'],
  'policy/compile/index': ['policy/compile/match', 'policy/meaning', ...policyValues, 'lib'],
  'policy/compile': [
    'policy/compile/index',
    'policy/compile/match',
    'policy/meaning',
    'policy/rules',
    ...policyValues,
    'policy/registry',
    'lib',
  ],
  /** The same policies for Envoy's own filters. */
  'policy/compile-envoy': [
    'policy/compile-envoy/*',
    'policy/meaning',
    'policy/meaning/labels.ts',
    ...policyValues,
    'policy/registry',
    'lib',
  ],
  'policy/compile-envoy/tree': ['lib'],
  /** What a tree knows of tokens. */
  'policy/compile-envoy/tokens': ['policy/compile-envoy/tree', ...policyValues, 'lib'],
  'policy/evaluate': ['policy/meaning', ...policyValues, 'policy/registry', 'policy/documents', 'lib'],
  'policy/dialects': ['policy/dialects/*', ...dialect],
  'policy/dialects/calico': ['policy/dialects', ...dialect],
  'policy/dialects/kubernetes': ['policy/dialects', 'policy/dialects/calico', ...dialect],
  'policy/dialects/site': ['policy/dialects', 'policy/dialects/calico', ...dialect],
  'policy/dialects/istio': ['policy/dialects', 'policy/dialects/istio/*', ...dialect],
  'policy/dialects/istio/read': ['policy/dialects', 'policy/dialects/istio/*', ...dialect],
  'policy/dialects/istio/checks': ['policy/dialects/istio/read', ...dialect],
  'policy/dialects/istio/lint': ['policy/dialects/istio/read', ...dialect],
  /** Reads documents of every dialect and makes one model of them. */
  'policy/skip': ['policy/dialects/*', 'policy/documents', 'policy/documents/yaml', 'lib'],
  policy: [
    'policy/skip',
    'policy/dialects/*',
    ...policyValues,
    'policy/registry',
    'policy/documents',
    'policy/documents/yaml',
    'lib',
  ],
  /** Objects of a cluster, as files of policy and registry. */
  'policy/objects': ['policy', 'policy/sources', 'policy/dialects/*', 'policy/documents', 'lib'],
  /** What a document that changes comes to among those in force. */
  'policy/change': ['policy', 'policy/dialects/*', ...policyValues, 'policy/registry', 'policy/documents', 'lib'],
  /** A set that is tried beside what is in force. */
  'policy/candidate': [
    'policy',
    'policy/sources',
    'policy/dialects',
    ...policyValues,
    'policy/registry',
    'policy/documents',
    'lib',
  ],
  'policy/sources': [
    'policy',
    'policy/skip',
    'policy/dialects/*',
    ...policyValues,
    'policy/registry',
    'policy/documents',
    'lib',
  ],
  'authz/state.ts': [...policyValues, 'spiffe', 'lib'],
  'authz/wire': ['lib'],
  'authz/jwt': ['authz/state.ts', ...policyValues, 'lib'],
  'authz/jwks': ['authz/state.ts', 'authz/jwt', ...policyValues, 'lib'],
  'authz/answer': ['authz/jwt', 'authz/wire', ...policyValues, 'gen', 'lib'],
  'authz/facts': [
    'authz/state.ts',
    'authz/answer',
    'authz/jwt',
    'authz/wire',
    ...policyValues,
    'identity/pki',
    'spiffe',
    'gen',
    'lib',
  ],
  /** What proxies that ask by HTTP say, as a CheckRequest. */
  'authz/http': ['authz/wire', 'identity/pki', ...policyValues, 'lib'],
  'authz/destination': ['authz/facts', 'authz/wire', ...policyValues, 'spiffe', 'lib'],
  'authz/record': [
    'authz/answer',
    'authz/candidate',
    'authz/destination',
    'authz/jwt',
    'authz/wire',
    ...policyValues,
    'policy/evaluate',
    'policy/rules',
    'lib',
  ],
  /** What Envoys decide themselves: delivered, and who holds it. */
  'authz/native': [
    'authz/native/tokens',
    'authz/state.ts',
    'policy/compile-envoy',
    ...policyValues,
    'transport/*',
    'spiffe',
    'gen',
    'lib',
  ],
  /** What stands around a policy where tokens are verified. */
  'authz/native/tokens': [
    'authz/native',
    'authz/state.ts',
    'authz/jwt',
    'policy/compile-envoy/*',
    ...policyValues,
    'gen',
    'lib',
  ],
  /** What Envoys tell of what they have decided. */
  'authz/native/reports': ['authz/native', 'authz/wire', ...policyValues, 'transport', 'spiffe', 'gen'],
  /** What a set that is not in force would have changed. */
  'authz/candidate': ['authz/state.ts', 'authz/facts', 'authz/jwt', 'authz/record', 'authz/wire', ...policyValues],
  /** Joins its rooms to one answer. */
  authz: ['authz/*', 'policy/compile', ...policyValues, 'spiffe', 'lib'],
  'analysis/source': ['policy/*', 'lib'],
  'analysis/patch': ['analysis', 'analysis/source', 'policy/*', 'spiffe', 'lib'],
  'analysis/classes': ['policy/*', 'lib'],
  /** Sets of requests; knows conditions by their form alone. */
  'analysis/regions': ['policy/model.ts', 'policy/meaning', 'lib'],
  'analysis/universe': ['analysis/classes', 'analysis/regions', 'policy/*', 'lib'],
  'analysis/proofs': ['admin-api', 'analysis', 'analysis/regions', 'analysis/universe', 'policy/*', 'authz/*', 'lib'],
  'analysis/mutation': ['analysis/regions', 'analysis/universe', 'policy/*', 'authz/answer', 'spiffe', 'lib'],
  'analysis/replay': ['analysis/regions', 'analysis/universe', 'policy/*', 'authz/*', 'spiffe', 'lib'],
  'analysis/proofs/diff': [
    'analysis/policy-test',
    'analysis/proofs',
    'analysis/regions',
    'analysis/universe',
    'policy/*',
    'lib',
  ],
  'analysis/suggest': [
    'admin-api',
    'admin-api/seen',
    'analysis/patch',
    'analysis/proofs',
    'analysis/proofs/diff',
    'analysis/regions',
    'policy/*',
    'spiffe',
    'lib',
  ],
  'analysis/proofs/prove': ['analysis/proofs', 'analysis/regions', 'analysis/universe', 'policy/*', 'lib'],
  'analysis/proofs/map': ['analysis/proofs', 'analysis/regions', 'analysis/universe', 'policy/*', 'lib'],
  'analysis/lint': [
    'admin-api',
    'analysis/lint/exact',
    'analysis/lint/scene',
    'analysis/lint/unmet',
    'analysis/proofs',
    'analysis/regions',
    'authz/http',
    'policy/*',
    'lib',
  ],
  'analysis/lint/exact': [
    'analysis/lint/exact/free',
    'analysis/lint/scene',
    'analysis/proofs',
    'analysis/regions',
    'analysis/universe',
    'policy/*',
    'lib',
  ],
  'analysis/lint/exact/free': ['analysis/proofs', 'analysis/regions', 'analysis/universe', 'policy/*', 'lib'],
  'analysis/lint/unmet': ['analysis', 'analysis/lint/scene', 'policy/*', 'lib'],
  'analysis/lint/scene': ['admin-api', 'analysis', 'analysis/classes', 'policy/*', 'authz/*', 'spiffe', 'lib'],
  'analysis/policy-test': ['admin-api', 'analysis', 'policy/*', 'authz/*', 'lib'],
  analysis: ['admin-api', 'analysis/source', 'analysis/patch', 'policy/*', 'authz/*', 'spiffe', 'lib'],
  transport: ['transport/listen', 'transport/lane/method.ts', 'gen', 'lib'],
  /** What a call of ours ended with, in words. */
  'transport/grpc-failure.ts': [],
  'transport/listen': ['transport', 'lib'],
  'transport/grpc-js': ['transport', 'transport/listen'],
  'transport/pgv': ['gen'],
  'transport/xds': ['transport/pgv'],
  'transport/lane/counts.ts': [],
  'transport/lane/limits.ts': [],
  'transport/lane/method.ts': ['transport', 'transport/lane/request'],
  'transport/lane/hpack': [],
  'transport/lane/wire': ['transport/lane/counts.ts', 'transport/listen'],
  'transport/lane/request': ['transport/lane/hpack'],
  /** What is acted on: it knows nobody who acts. */
  'transport/lane/connection': [
    'transport',
    ...laneValues,
    'transport/lane/hpack',
    'transport/lane/request',
    'transport/lane/wire',
  ],
  'transport/lane/calls': [...laneValues, 'transport/lane/connection', 'transport/lane/hpack', 'transport/lane/wire'],
  'transport/lane/streaming': [
    'transport',
    ...laneValues,
    'transport/lane/calls',
    'transport/lane/connection',
    'transport/lane/request',
    'transport/lane/wire',
  ],
  'transport/lane/frames': [
    ...laneValues,
    'transport/lane/streaming',
    'transport/lane/calls',
    'transport/lane/connection',
    'transport/lane/request',
    'transport/lane/wire',
  ],
  'transport/lane': ['transport', 'transport/lane/*'],
  platform: ['identity/authority/*', 'identity/registration', 'spiffe', 'lib'],
  /** Modules of tokens: C, and nothing of ours. */
  'platform/pkcs11': [],
  lib: [],
  gen: [],
  /** Certificate profiles: data alone. */
  '../certs': [],
};

const roomOf = (file: string): string => {
  const rooms = Object.keys(may).filter((room) => file === room || file.startsWith(`${room}/`));
  const room = rooms.sort((a, b) => b.length - a.length)[0];
  assert.ok(room, `src/${file} is in no room of the table`);
  return room;
};

const allowed = (from: string, to: string): boolean =>
  from === to ||
  to === 'errors.ts' ||
  may[from]!.some(
    (room) => room === '*' || room === to || (room.endsWith('/*') && `${to}/`.startsWith(room.slice(0, -1))),
  );

interface Arrow {
  readonly from: string;
  readonly to: string;
}

function arrows(): Arrow[] {
  const out: Arrow[] = [];
  for (const from of globSync('**/*.{ts,tsx}', { cwd: 'src' })) {
    if (from.startsWith('gen/')) continue;
    for (const [, specifier] of readFileSync(join('src', from), 'utf8').matchAll(
      /(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g,
    )) {
      out.push({ from, to: normalize(join(dirname(from), specifier!)) });
    }
  }
  return out;
}

/** Groups of files each of which leads to every other, by whatever kind of import (Tarjan's strongly connected components). */
function circles(all: readonly Arrow[]): string[][] {
  const targets = Map.groupBy(all, ({ from }) => from);
  const found: string[][] = [];
  const numbers = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): number => {
    const own = numbers.size;
    let lowest = own;
    numbers.set(file, own);
    stack.push(file);
    for (const { to } of targets.get(file) ?? []) {
      if (!numbers.has(to)) lowest = Math.min(lowest, visit(to));
      else if (stack.includes(to)) lowest = Math.min(lowest, numbers.get(to)!);
    }
    if (lowest === own) {
      const circle = stack.splice(stack.indexOf(file));
      if (circle.length > 1) found.push(circle.sort());
    }
    return lowest;
  };
  for (const file of targets.keys()) if (!numbers.has(file)) visit(file);
  return found;
}

describe('rooms', () => {
  /** Each small file of `authz/jwt` names one quirk of Envoy; the admin API has one a resource. */
  const LARGE = new Map([
    ['authz/jwt', 24],
    ['admin-api', 24],
    ['server/admin/routes', 21],
  ]);

  it('hold at most 16 files at one level', () => {
    const files = globSync('**/*.{ts,tsx}', { cwd: 'src' }).filter((file) => !file.startsWith('gen/'));
    const counts = [...Map.groupBy(files, dirname)].map(([room, inside]) => [room, inside.length] as const);
    assert.deepEqual(
      counts.filter(([room, count]) => count > (LARGE.get(room) ?? 16)),
      [],
    );
  });
});

describe('docs/architecture.md', () => {
  it('names every room', () => {
    const page = readFileSync('docs/architecture.md', 'utf8');
    const rooms = new Set(globSync('**/*.{ts,tsx}', { cwd: 'src' }).map(dirname));
    const missing = [...rooms].filter(
      (room) => room !== '.' && !room.startsWith('gen') && !page.includes(`](../src/${room})`),
    );
    assert.deepEqual(missing, []);
  });
});

describe('import arrows', () => {
  it('reads some arrows at all', () => assert.ok(arrows().length > 10));

  it('go only where the table of rooms allows', () => {
    const wrong = arrows().filter(({ from, to }) => !allowed(roomOf(from), roomOf(to)));
    assert.deepEqual(wrong, []);
  });

  it('make no circle, not even by types', () => assert.deepEqual(circles(arrows()), []));

  it('would see a circle', () => {
    const chain = (...files: string[]) => files.slice(1).map((to, i) => ({ from: files[i]!, to }));
    assert.deepEqual(circles(chain('a', 'b', 'c', 'd')), []);
    assert.deepEqual(circles([...chain('a', 'b', 'c', 'a'), ...chain('c', 'd', 'e', 'd'), ...chain('f', 'a')]), [
      ['d', 'e'],
      ['a', 'b', 'c'],
    ]);
  });

  it('lead out of the admin API to nothing of Node: the console reads it in a browser', () => {
    for (const file of globSync('admin-api/**/*.ts', { cwd: 'src' }))
      assert.doesNotMatch(readFileSync(join('src', file), 'utf8'), /['"]node:|\bBuffer\b|\bprocess\./, file);
  });

  it('would see an arrow that is not allowed', () => {
    assert.equal(allowed('policy', 'authz'), false);
    assert.equal(allowed('policy/meaning', 'policy/compile'), false);
    assert.equal(allowed('policy/evaluate', 'policy/compile/match'), false);
    assert.equal(allowed('policy/compile', 'policy/evaluate'), false);
    assert.equal(allowed('identity/authority', 'authz'), false);
    assert.equal(allowed('identity/authority/keys', 'identity/authority/issue'), false);
    assert.equal(allowed('identity/delivery/sds', 'identity/delivery/workload-api'), false);
    assert.equal(allowed('server/listeners', 'server/decider'), false);
    assert.equal(allowed('server/policy', 'server/decider'), false);
    assert.equal(allowed('server/foundation.ts', 'server/authority'), false);
    assert.equal(allowed('server/feed', 'server/authority'), false);
    assert.equal(allowed('server/decider', 'server/admin'), false);
  });

  it('lead to src/lib only from rooms, and lib speaks of no domain word', () => {
    for (const file of globSync('lib/**/*.ts', { cwd: 'src' })) {
      assert.doesNotMatch(readFileSync(join('src', file), 'utf8'), /spiffe|svid|policy(?!\w)|envoy(?!\s)/i, file);
    }
  });
});
