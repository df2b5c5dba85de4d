/**
 * Who asks whom, folded until it can be drawn.
 * @module
 */
import type { EdgeRow } from '../../admin-api/edges.ts';
import { shortId } from './decisions.ts';
import type { Conflict, Pair } from './pairs.ts';

/** What is known of the requests between two places. */
export type EdgeKind = 'allowed' | 'denied' | 'both' | 'unseen' | 'conflict';

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly allowed: number;
  readonly denied: number;
  /** Policies allow something here that nobody has asked for. */
  readonly unseen: boolean;
  /** Planes that disagree, e.g. `istio allows, l4 denies`; empty: they do not. */
  readonly conflict: string;
}

export interface Graph {
  /** By namespace, or by workload where its namespace is unfolded; what has no name is `?`. */
  readonly nodes: readonly string[];
  readonly edges: readonly GraphEdge[];
}

/** Nodes that are laid out; with more the matrix is shown. */
export const MOST_NODES = 60;

export interface GraphOptions {
  /** Namespaces whose workloads are shown one by one. */
  readonly unfolded: ReadonlySet<string>;
  /** Only what has this in one of its names. */
  readonly search: string;
  /** Pairs that policies allow, `NAMESPACE/ACCOUNT` each. */
  readonly allowedPairs: readonly Pair[];
  readonly conflicts: readonly Conflict[];
}

/** Folds what was seen. */
export function graphOf(seen: readonly EdgeRow[], { unfolded, search, allowedPairs, conflicts }: GraphOptions): Graph {
  const text = search.trim().toLowerCase();
  const isSought = (...names: readonly string[]): boolean =>
    text === '' || names.some((name) => name.toLowerCase().includes(text));
  const edges = new Map<string, { -readonly [K in keyof GraphEdge]: GraphEdge[K] }>();
  const edgeOf = (from: string, to: string) => {
    const key = JSON.stringify([from, to]);
    const edge = edges.get(key) ?? { from, to, allowed: 0, denied: 0, unseen: false, conflict: '' };
    edges.set(key, edge);
    return edge;
  };
  const pairs = new Set<string>();
  for (const { caller, destination, decision, count } of seen) {
    const [from, to] = [nameOf(caller), nameOf(destination)];
    if (!isSought(from, to)) continue;
    const edge = edgeOf(folded(from, unfolded), folded(to, unfolded));
    edge[decision === 'allow' ? 'allowed' : 'denied'] += count;
    if (decision === 'allow') pairs.add(JSON.stringify([from, to]));
  }
  for (const [from, to] of allowedPairs)
    if (isSought(from, to) && !pairs.has(JSON.stringify([from, to])))
      edgeOf(folded(from, unfolded), folded(to, unfolded)).unseen = true;
  const told = new Map<string, Set<string>>();
  for (const conflict of conflicts) {
    const { from, to } = conflict;
    if (!isSought(from, to)) continue;
    const edge = edgeOf(folded(from, unfolded), folded(to, unfolded));
    const key = JSON.stringify([edge.from, edge.to]);
    const texts = (told.get(key) ?? new Set()).add(conflictText(conflict)); // of a folded edge there may be several
    told.set(key, texts);
    edge.conflict = [...texts].join('; ');
  }
  const all = [...edges.values()].sort((a, b) => b.allowed + b.denied - (a.allowed + a.denied));
  const nodes = new Set(all.flatMap(({ from, to }) => [from, to]));
  return { nodes: [...nodes].sort(), edges: all };
}

/** E.g. `istio (of shop) allows, l4 (of platform) denies`. */
function conflictText({ allowedBy, allowedByOwners, deniedBy, deniedByOwners }: Conflict): string {
  const of = (owners: readonly string[]): string => (owners.length === 0 ? '' : ` (of ${owners.join(', ')})`);
  return `${allowedBy.join(' and ')}${of(allowedByOwners)} allows, ${deniedBy.join(' and ')}${of(deniedByOwners)} denies`;
}

const nameOf = (spiffeId: string): string => (spiffeId === '' ? '?' : shortId(spiffeId));

function folded(name: string, unfolded: ReadonlySet<string>): string {
  const namespace = namespaceOf(name);
  return namespace === undefined || unfolded.has(namespace) ? name : namespace;
}

/** The namespace of `NAMESPACE/ACCOUNT`; undefined for what is none. */
export function namespaceOf(name: string): string | undefined {
  const slash = name.indexOf('/');
  return slash <= 0 || name.startsWith('spiffe:') ? undefined : name.slice(0, slash);
}

/** How an edge is drawn. */
export function kindOf({ allowed, denied, unseen, conflict }: GraphEdge): EdgeKind {
  if (conflict !== '' && !unseen && allowed === 0) return 'conflict';
  if (allowed > 0) return denied > 0 ? 'both' : 'allowed';
  return denied > 0 ? 'denied' : 'unseen';
}
