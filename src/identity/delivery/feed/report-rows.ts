/**
 * The counted rows of one decider, as its reports name and count them: checked, and bounded whatever it says.
 * @module
 */
import { GatehouseError } from '../../../errors.ts';
import type { Report, Row, Rule as RuleMessage, Totals } from '../../../gen/gatehouse/feed/v1/feed_pb.ts';

/** Checks that were alike at a decider elsewhere. */
export interface ReportedEdge {
  readonly caller: string;
  readonly destination: string;
  readonly namespace: string;
  /** -1: none was named. */
  readonly port: number;
  readonly protocol: 'http' | 'tcp' | 'udp' | 'unknown';
  readonly decision: 'allow' | 'deny';
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
  /** What was asked for; what of `count` is not among these has no row. */
  readonly requests: readonly ReportedRequest[];
}

/** Requests of one edge that were alike. */
export interface ReportedRequest {
  readonly method: string;
  readonly path: string;
  readonly count: number;
  readonly lastAt: number;
}

/** A rule that has decided at a decider elsewhere. */
export interface ReportedRule {
  readonly plane: 'istio' | 'calico' | 'l4' | 'site';
  readonly direction: 'ingress' | 'egress';
  readonly dialect: 'istio' | 'calico' | 'kubernetes' | 'site';
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly text: string;
  readonly index: number;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
}

/** Sums since `sinceAt`. */
export interface ReportedCounts {
  /** Milliseconds since 1970. */
  readonly sinceAt: number;
  readonly edges: readonly ReportedEdge[];
  readonly deniedCallers: readonly { readonly caller: string; readonly namespace: string; readonly count: number }[];
  readonly handshakes: readonly { readonly listener: string; readonly reason: string; readonly count: number }[];
  readonly checks: { readonly allowed: number; readonly denied: number };
  readonly overflow: { readonly allowed: number; readonly denied: number; readonly deniedCallers: number };
  readonly dropped: { readonly logged: number; readonly sent: number };
  readonly rules: readonly ReportedRule[];
  /** Decisions of rules that have no row. */
  readonly rulesOverflow: number;
  /** Decider processes that ended without a last word. */
  readonly lost: number;
}

/** The rows of one stream. */
export interface ReportRows {
  /** Every row has been named and counted at least once. */
  readonly isComplete: boolean;
  /** @throws GatehouseError `message_invalid` for what no decider of ours says */
  take(report: Report): void;
  counts(): ReportedCounts;
}

/** What a decider of ours holds at most, with room to spare. */
const MOST_ROWS = 10_000;
const MOST_NAME_BYTES = 1536 * 1024;
const LONGEST_NAME = 2_048;
/** Rules have room of their own. */
export const MOST_RULES = 2_048;
const MOST_RULE_BYTES = 512 * 1024;
/** So have requests. */
export const MOST_REQUESTS = 4_096;
const MOST_REQUEST_BYTES = 512 * 1024;

type Named =
  | { readonly kind: 'edge'; readonly edge: Omit<ReportedEdge, 'count' | 'lastAt' | 'requests'> }
  | { readonly kind: 'request'; readonly edge: number; readonly method: string; readonly path: string }
  | { readonly kind: 'rule'; readonly rule: Omit<ReportedRule, 'count' | 'lastAt'> }
  | { readonly kind: 'caller'; readonly caller: string; readonly namespace: string }
  | { readonly kind: 'handshake'; readonly listener: string; readonly reason: string };

interface Counted {
  readonly named: Named;
  count: number;
  lastAt: number;
}

/** Creates an empty table. */
export function createReportRows(): ReportRows {
  const rows: Counted[] = [];
  let nameBytes = 0;
  const own = { rule: { rows: 0, bytes: 0 }, request: { rows: 0, bytes: 0 } };
  let sinceAt = 0;
  let isComplete = false;
  let sums = sumsOf(undefined);

  const name = (row: Row): void => {
    const named = namedBy(row);
    if (named.kind === 'request' && rows[named.edge]?.named.kind !== 'edge') throw invalid('a request is of no edge');
    if (named.kind === 'rule' || named.kind === 'request') {
      own[named.kind].rows += 1;
      own[named.kind].bytes += bytesOf(named);
    } else nameBytes += bytesOf(named);
    const others = rows.length - own.rule.rows - own.request.rows;
    const isFull =
      own.rule.rows > MOST_RULES ||
      own.rule.bytes > MOST_RULE_BYTES ||
      own.request.rows > MOST_REQUESTS ||
      own.request.bytes > MOST_REQUEST_BYTES;
    if (isFull || others >= MOST_ROWS || nameBytes > MOST_NAME_BYTES)
      throw invalid('it names more rows than a decider has');
    rows.push({ named, count: 0, lastAt: 0 });
  };
  return {
    get isComplete() {
      return isComplete;
    },
    take(report) {
      const { changed, counts, lastAt } = report;
      if (counts.length !== changed.length || lastAt.length !== changed.length)
        throw invalid('rows, counts and times differ in number');
      sinceAt = safe(report.sinceAt);
      for (const row of report.rows) name(row);
      for (const [i, number] of changed.entries()) {
        const row = rows[number];
        if (row === undefined) throw invalid('it counts a row that it has not named');
        row.count = safe(counts[i]);
        row.lastAt = safe(lastAt[i]);
      }
      if (report.totals !== undefined) sums = sumsOf(report.totals);
      isComplete ||= report.complete;
    },
    counts() {
      const requests = requestsByEdge(rows);
      return {
        sinceAt,
        edges: rows.flatMap(({ named, count, lastAt }) =>
          named.kind === 'edge' ? [{ ...named.edge, count, lastAt, requests: requests.get(named) ?? [] }] : [],
        ),
        deniedCallers: rows.flatMap(({ named, count }) =>
          named.kind === 'caller' ? [{ caller: named.caller, namespace: named.namespace, count }] : [],
        ),
        handshakes: rows.flatMap(({ named, count }) =>
          named.kind === 'handshake' ? [{ listener: named.listener, reason: named.reason, count }] : [],
        ),
        rules: rows.flatMap(({ named, count, lastAt }) =>
          named.kind === 'rule' ? [{ ...named.rule, count, lastAt }] : [],
        ),
        ...sums,
      };
    },
  };
}

/** By the edge that they name. */
function requestsByEdge(rows: readonly Counted[]): ReadonlyMap<Named, readonly ReportedRequest[]> {
  const found = new Map<Named, ReportedRequest[]>();
  for (const { named, count, lastAt } of rows) {
    if (named.kind !== 'request') continue;
    const edge = rows[named.edge]!.named; // it was named with it
    const some = found.get(edge) ?? [];
    some.push({ method: named.method, path: named.path, count, lastAt });
    found.set(edge, some);
  }
  return found;
}

function sumsOf(
  totals: Totals | undefined,
): Pick<ReportedCounts, 'checks' | 'overflow' | 'dropped' | 'rulesOverflow' | 'lost'> {
  return {
    checks: { allowed: safe(totals?.allowed), denied: safe(totals?.denied) },
    overflow: {
      allowed: safe(totals?.allowedOverflow),
      denied: safe(totals?.deniedOverflow),
      deniedCallers: safe(totals?.deniedCallersOverflow),
    },
    dropped: { logged: safe(totals?.droppedLogged), sent: safe(totals?.droppedSent) },
    rulesOverflow: safe(totals?.rulesOverflow),
    lost: safe(totals?.lost),
  };
}

/** What a newer decider may name is a row without a meaning here: it keeps its number. */
function namedBy({ what }: Row): Named {
  switch (what.case) {
    case 'edge': {
      const { caller, destination, namespace, port, protocol, denied } = what.value;
      const edge = { caller, destination, namespace, port: portOf(port), protocol: protocolOf(protocol) };
      return { kind: 'edge', edge: { ...edge, decision: denied ? 'deny' : 'allow' } };
    }
    case 'deniedCaller':
      return { kind: 'caller', caller: what.value.caller, namespace: what.value.namespace };
    case 'handshake':
      return { kind: 'handshake', listener: what.value.listener, reason: what.value.reason };
    case 'request':
      return { kind: 'request', edge: what.value.edge, method: what.value.method, path: what.value.path };
    case 'rule':
      return ruleNamedBy(what.value) ?? UNKNOWN_ROW;
    case undefined:
      return UNKNOWN_ROW;
  }
}

const UNKNOWN_ROW: Named = { kind: 'handshake', listener: 'unknown', reason: 'a row that this version does not know' };

const PLANES = ['istio', 'calico', 'l4', 'site'] as const;
const DIALECTS = ['istio', 'calico', 'kubernetes', 'site'] as const;

/** Undefined for a plane or a dialect that this version does not know. */
function ruleNamedBy(value: RuleMessage): Named | undefined {
  const { egress, kind, namespace, name, text, index } = value;
  const plane = PLANES.find((each) => each === value.plane);
  const dialect = DIALECTS.find((each) => each === value.dialect);
  if (plane === undefined || dialect === undefined) return undefined;
  const direction = egress ? 'egress' : 'ingress';
  return { kind: 'rule', rule: { plane, direction, dialect, kind, namespace, name, text, index } };
}

function bytesOf(named: Named): number {
  const names =
    named.kind === 'edge'
      ? [named.edge.caller, named.edge.destination, named.edge.namespace]
      : named.kind === 'request'
        ? [named.method, named.path]
        : named.kind === 'rule'
          ? [named.rule.kind, named.rule.namespace, named.rule.name, named.rule.text]
          : named.kind === 'caller'
            ? [named.caller, named.namespace]
            : [named.listener, named.reason];
  if (names.some((each) => each.length > LONGEST_NAME)) throw invalid('a name is too long');
  return names.reduce((sum, each) => sum + each.length, 0);
}

const PROTOCOLS = ['http', 'tcp', 'udp'] as const;

const protocolOf = (text: string): ReportedEdge['protocol'] => PROTOCOLS.find((each) => each === text) ?? 'unknown';

const portOf = (port: number): number => (port >= 0 && port <= 65_535 ? port : -1);

/** @throws GatehouseError `message_invalid` for what is no count */
function safe(value: bigint | undefined): number {
  if (value === undefined) return 0;
  if (value > BigInt(MOST_COUNT)) throw invalid('a count is too large');
  return Number(value);
}

/** Also the last millisecond that a date can be. */
const MOST_COUNT = 8_640_000_000_000_000;

function invalid(why: string): GatehouseError {
  const text = `a report makes no sense: ${why}`;
  return new GatehouseError('message_invalid', text, { peerText: text });
}
