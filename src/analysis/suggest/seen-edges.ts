/**
 * What was seen to be allowed, as far as a policy can say it; whatever keeps it from being the whole is a gap.
 * @module
 */
import type { RequestRow, RequestsAnswer } from '../../admin-api/seen/requests.ts';
import { parseSpiffeId, serviceAccountOf } from '../../spiffe/spiffe-id.ts';

/** One edge: who asked for what of whom. */
export interface SeenEdge {
  /** A SPIFFE ID. */
  readonly caller: string;
  /** The service account of the workload. */
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly port: number;
  /** Undefined: a connection that is no HTTP. */
  readonly http: { readonly method: string; readonly path: string } | undefined;
  readonly count: number;
}

/** What was seen, and what is missing. */
export interface Seen {
  readonly edges: readonly SeenEdge[];
  /** Sentences. */
  readonly gaps: readonly string[];
}

/**
 * Reads what the deciders have counted.
 *
 * @param minWindowMs  how long all of them must have counted
 */
export function seenEdges(answer: RequestsAnswer, nowMs: number, minWindowMs: number): Seen {
  const gaps = [...windowGaps(answer, nowMs, minWindowMs), ...lostGaps(answer)];
  const edges = new Map<string, SeenEdge>();
  const unsaid = new Map<string, number>();
  for (const row of answer.requests) {
    if (row.decision !== 'allow') continue;
    const edge = edgeOf(row);
    if (typeof edge === 'string') {
      unsaid.set(edge, (unsaid.get(edge) ?? 0) + row.count);
      continue;
    }
    const key = JSON.stringify([edge.caller, edge.namespace, edge.serviceAccount, edge.port, edge.http]);
    edges.set(key, { ...edge, count: edge.count + (edges.get(key)?.count ?? 0) });
  }
  for (const [why, count] of unsaid) gaps.push(`${count} requests cannot be allowed by name: ${why}`);
  return { edges: [...edges.values()], gaps };
}

/** Deciders, and since when each has counted. */
interface Counted {
  readonly deciders: readonly Pick<RequestsAnswer['deciders'][number], 'decider' | 'state' | 'why' | 'since'>[];
}

/** Why what was counted may not reach back as far as is wanted. */
export function* windowGaps({ deciders }: Counted, nowMs: number, minWindowMs: number): Iterable<string> {
  const begun = deciders.map(({ since }) => (since === null ? nowMs : Date.parse(since)));
  const windowMs = nowMs - Math.max(0, ...begun);
  if (windowMs < minWindowMs)
    yield `what was seen reaches back ${hours(windowMs)}, and --min-window wants ${hours(minWindowMs)}: what happens seldom was not seen yet`;
  for (const { decider, state, why } of deciders)
    if (state === 'silent' || state === 'mute') yield `${nameOf(decider)} is ${state}: ${why}`;
}

const hours = (ms: number): string => `${Math.floor(ms / 360_000) / 10} hours`;
/** A decider, in a sentence. */
export const nameOf = (decider: string | null): string => (decider === null ? 'this server' : `the decider ${decider}`);

function* lostGaps({ requests, requestCount, deciders }: RequestsAnswer): Iterable<string> {
  if (requestCount > requests.length)
    yield `${requestCount - requests.length} more rows were counted than were asked for`;
  for (const { decider, overflow, unshaped, lost } of deciders) {
    const name = nameOf(decider);
    if (overflow.allowed > 0) yield `${overflow.allowed} allowed Checks of ${name} had no row`;
    if (unshaped.allowed > 0)
      yield `${unshaped.allowed} allowed requests of ${name} were counted without method and path`;
    if (lost > 0) yield lostText(name, lost);
  }
}

/** Of processes that took their last counts with them. */
export const lostText = (name: string, lost: number): string =>
  `${lost} processes of ${name} ended without a last word: what they counted last is lost`;

const METHOD = /^[A-Z][A-Z0-9_-]*$/;

/** A row as an edge, or why no policy can name it. */
function edgeOf({ caller, destination, port, protocol, method, path, count }: RequestRow): SeenEdge | string {
  const account = accountOf(destination);
  if (account === undefined) return `the workload ${destination} is no service account`;
  const to = `${account.namespace}/${account.serviceAccount}`;
  if (!caller.startsWith('spiffe://')) return `the caller of ${to} has no SPIFFE ID: give it an identity`;
  if (port === null) return `a request of ${caller} to ${to} names no port`;
  if (protocol === 'tcp') return { caller, ...account, port, http: undefined, count };
  if (protocol !== 'http' || method === null || path === null)
    return `${protocol} of ${caller} to ${to} at port ${port}`;
  if (!METHOD.test(method) || path.startsWith('='))
    return `${JSON.stringify(`${method} ${path.replace(/^=/, '')}`)} of ${caller} to ${to} reads as a pattern, or is no plain text`;
  return { caller, ...account, port, http: { method, path }, count };
}

/** The service account that a SPIFFE ID names; undefined of any other text. */
export function accountOf(destination: string): Pick<SeenEdge, 'namespace' | 'serviceAccount'> | undefined {
  try {
    return serviceAccountOf(parseSpiffeId(destination));
  } catch {
    return undefined; // of another form
  }
}
