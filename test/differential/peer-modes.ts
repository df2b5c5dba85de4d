/**
 * Random PeerAuthentications: the mode of mutual TLS that Istio's own code finds for each port of a workload, and the product's answer to a
 * caller without a certificate.
 * @module
 */
import { asker } from '../support/asked.ts';
import { runJudge } from './judge.ts';

interface Transport {
  readonly case: string;
  readonly modes?: Readonly<Record<string, string>>;
  readonly refused?: string;
}

export interface ModesOutcome {
  readonly asked: number;
  readonly problem: string | undefined;
}

const PORTS = [80, 8080, 9090];

/** Compares `count` random sets of documents. */
export async function playPeerModes(count: number, seed: number): Promise<ModesOutcome> {
  const random = seeded(seed);
  const cases = Array.from({ length: count }, (_, i) => ({
    id: `${i}`,
    namespace: 'foo',
    labels: { app: 'reviews' },
    documents: Array.from({ length: Math.floor(random() * 5) }, (__, n) => peerAuthentication(n, random)),
    requests: [],
  }));
  const answers = new Map<string, Transport>();
  const input = cases.map((each) => JSON.stringify(each)).join('\n');
  await runJudge(['modes'], {
    input,
    onLine: (line) => {
      const answer = JSON.parse(line) as Transport; // the judge's own JSON
      answers.set(answer.case, answer);
    },
  });
  const problems = cases.flatMap(({ id, documents }) => {
    const problem = difference(documents, answers.get(id));
    return problem === undefined ? [] : [`${problem}\n${documents.join('\n')}`];
  });
  const problem = problems.length === 0 ? undefined : `${problems.length} differ\n${problems.slice(0, 3).join('\n\n')}`;
  return { asked: count * PORTS.length, problem };
}

function difference(documents: readonly string[], answer: Transport | undefined): string | undefined {
  if (answer?.modes === undefined) return `no answer: ${answer?.refused ?? 'none'}`;
  const { ask } = asker(documents);
  for (const port of PORTS) {
    const mode = answer.modes[port];
    const told = ask({ port });
    if (told.allowed === (mode !== 'STRICT')) continue;
    return `port ${port}: Istio says ${mode}, we say ${told.reason} by ${told.policy ?? 'nobody'}`;
  }
  return undefined;
}

/** A mulberry32 generator. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const modes = ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT', 'STRICT'];

function peerAuthentication(n: number, random: () => number): string {
  const pick = <T>(some: readonly T[]): T => some[Math.floor(random() * some.length)]!; // never empty
  const labels = pick([undefined, undefined, { app: 'reviews' }, { app: 'reviews' }, { app: 'other' }, {}]);
  const spec: Record<string, unknown> = {};
  if (labels !== undefined) spec['selector'] = { matchLabels: labels };
  if (random() < 0.8) spec['mtls'] = random() < 0.15 ? {} : { mode: pick(modes) };
  if (labels !== undefined && Object.keys(labels).length > 0 && random() < 0.5) {
    spec['portLevelMtls'] = { [pick(PORTS)]: { mode: pick(modes) }, ...(random() < 0.5 && { [pick(PORTS)]: {} }) };
  }
  return JSON.stringify({
    apiVersion: pick(['security.istio.io/v1', 'security.istio.io/v1beta1']),
    kind: 'PeerAuthentication',
    metadata: {
      name: `p${(n * 3 + 1) % 5}`, // their order in the mesh is not that of their names
      namespace: pick(['istio-system', 'foo', 'foo', 'bar']),
      creationTimestamp: `2026-01-0${1 + Math.floor(random() * 4)}T00:00:00Z`,
    },
    spec,
  });
}
