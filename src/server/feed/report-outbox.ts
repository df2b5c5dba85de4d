/**
 * What this decider reports to the authority that it follows: counts as sums, so that what is lost on the way is made good by the
 * next report, and decisions as many as are taken.
 * @module
 */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Report,
  ReportSchema,
  type ReportsWanted,
  RowSchema,
  TotalsSchema,
} from '../../gen/gatehouse/feed/v1/feed_pb.ts';
import { ruleKey } from '../../policy/rules/rule-text.ts';
import type { DecisionRecord } from '../log/decision-record.ts';
import type { EdgeTotal } from '../log/edge-table.ts';
import type { OwnCounts } from '../log/own-counts.ts';
import { createDecisionQueue, type DecisionQueue } from './decision-queue.ts';
import { createRuleRows, type RuleRows, ruleMessage } from './rule-rows.ts';

/** What is to be reported. */
export interface ReportOutbox {
  /** Notes a decision; its deciders' names are in the ids. */
  decided(record: DecisionRecord): void;
  /** Notes the certificate of a peer that was refused, DER. */
  refused(certificate: Uint8Array): void;
  /** Begins a stream, on which nothing has been said: the function makes what there is to say now, in small messages. */
  begin(): (wanted: ReportsWanted) => readonly Report[];
}

/** Of the reports of decisions one in so many has the counts too: they are sums, and lose nothing. */
const COUNTS_EVERY = 5;
const MOST_EPOCHS = 64;
const EPOCH_LENGTH = 11;
/** Between two reports; a storm of the same refusal is one sign. */
const MOST_REFUSED = 16;
const MOST_CERTIFICATE_BYTES = 8 * 1024;
/** The authority takes messages of 64 KiB. */
const PIECE_BYTES = 32 * 1024;

/** Creates it over what is counted here. */
export function createReportOutbox(counts: OwnCounts): ReportOutbox {
  const decisions = createDecisionQueue();
  const epochs = new Set<string>();
  const refused: Uint8Array[] = [];
  return {
    decided(record) {
      decisions.add(record);
      const epoch = record.id.slice(0, EPOCH_LENGTH);
      if (epochs.has(epoch)) return;
      epochs.add(epoch);
      if (epochs.size > MOST_EPOCHS) epochs.delete(epochs.values().next().value ?? '');
    },
    refused(certificate) {
      if (refused.length < MOST_REFUSED && certificate.length <= MOST_CERTIFICATE_BYTES) refused.push(certificate);
    },
    begin() {
      const newRows = createRowSender(counts);
      const told = new Set<string>();
      let rules: RuleRows | undefined;
      let turns = 0;
      return ({ deniesPerSecond, allowsPerSecond, rules: mostRules, requests }) => {
        rules ??= createRuleRows(mostRules);
        const isCounting = turns++ % COUNTS_EVERY === 0;
        const pieces = createPieces(counts, decisions, rules);
        for (const row of isCounting ? newRows(rules, requests) : [])
          pieces.add(row.names.length + 40, (report) => addRow(report, row));
        for (const decision of decisions.take(deniesPerSecond, allowsPerSecond))
          pieces.add(decision.record.length + 40, ({ decisions: some }) => void some.push(messageOf(decision)));
        for (const certificate of refused.splice(0))
          pieces.add(certificate.length, ({ refused: some }) => void some.push(certificate));
        for (const epoch of epochs) {
          if (told.has(epoch)) continue;
          told.add(epoch);
          pieces.add(EPOCH_LENGTH, ({ epochs: some }) => void some.push(epoch));
        }
        if (isCounting) return pieces.finish();
        return pieces.isEmpty() ? [] : pieces.unfinished();
      };
    },
  };
}

const messageOf = (decision: ReturnType<DecisionQueue['take']>[number]): Report['decisions'][number] => ({
  $typeName: 'gatehouse.feed.v1.Decision',
  id: decision.id,
  denied: decision.denied,
  record: Uint8Array.from(decision.record),
});

/** A row that is new, or whose count has changed. */
interface ChangedRow {
  readonly number: number;
  /** Undefined: it was named before. */
  readonly named: Report['rows'][number] | undefined;
  readonly names: string;
  readonly count: number;
  readonly lastAt: number;
}

function addRow(report: Report, { number, named, count, lastAt }: ChangedRow): void {
  if (named !== undefined) report.rows.push(named);
  report.changed.push(number);
  report.counts.push(BigInt(count));
  report.lastAt.push(BigInt(lastAt));
}

/** The authority takes a little more. */
const MOST_REQUEST_BYTES = 448 * 1024;

type What = NonNullable<MessageInitShape<typeof RowSchema>['what']>;

/** Creates what finds the rows that one stream has not been told. */
function createRowSender({
  edges,
  handshakes,
  rules,
}: OwnCounts): (told: RuleRows, mostRequests: number) => readonly ChangedRow[] {
  const numbers = new Map<string, { readonly number: number; count: number }>();
  /** Nothing is said of a row whose count is the one that was said last. */
  const changedRow = (
    names: readonly (string | number)[],
    count: number,
    lastAt: number,
    what: () => What,
  ): readonly ChangedRow[] => {
    const key = JSON.stringify(names);
    const known = numbers.get(key);
    if (known?.count === count) return [];
    const number = known?.number ?? numbers.size;
    numbers.set(key, { number, count });
    return [{ number, named: known ? undefined : rowOf(what()), names: key, count, lastAt }];
  };
  let seen = -1;
  let seenRules = -1;
  const requestRoom = { rows: 0, bytes: 0 };
  /** What finds no room there is part of its edge's count alone. */
  const requestRow = (edge: number, { method, path, count, lastAt }: EdgeTotal['requests'][number], most: number) => {
    const names = ['request', edge, method, path];
    if (!numbers.has(JSON.stringify(names))) {
      const bytes = requestRoom.bytes + Buffer.byteLength(method) + Buffer.byteLength(path);
      if (requestRoom.rows >= most || bytes > MOST_REQUEST_BYTES) return [];
      requestRoom.rows += 1;
      requestRoom.bytes = bytes;
    }
    return changedRow(names, count, lastAt, () => ({ case: 'request', value: { edge, method, path } }));
  };
  return ({ told }, mostRequests) => {
    const since = seen;
    const sinceRules = seenRules;
    seen = edges.changes;
    seenRules = rules.changes;
    return [
      ...told(rules.totals()).flatMap((rule) => {
        if (rule.change <= sinceRules) return [];
        return changedRow(['rule', ruleKey(rule)], rule.count, rule.lastAt, () => ({
          case: 'rule',
          value: ruleMessage(rule),
        }));
      }),
      ...edges.edges().flatMap((edge) => {
        if (edge.change <= since) return [];
        const { caller, destination, namespace, port, protocol, decision, count, lastAt } = edge;
        const names = ['edge', caller, destination, namespace, port, protocol, decision];
        const row = changedRow(names, count, lastAt, () => ({
          case: 'edge',
          value: { caller, destination, namespace, port, protocol, denied: decision === 'deny' },
        }));
        const { number = 0 } = numbers.get(JSON.stringify(names)) ?? {}; // it has just been named
        return [...row, ...edge.requests.flatMap((request) => requestRow(number, request, mostRequests))];
      }),
      ...edges.deniedCallers().flatMap(({ caller, namespace, count, change }) =>
        change <= since
          ? []
          : changedRow(['caller', caller, namespace], count, 0, () => ({
              case: 'deniedCaller',
              value: { caller, namespace },
            })),
      ),
      ...handshakes.all().flatMap(({ listener, reason, count }) =>
        changedRow(['handshake', listener, reason], count, 0, () => ({
          case: 'handshake',
          value: { listener, reason },
        })),
      ),
    ];
  };
}

const rowOf = (what: What): Report['rows'][number] => create(RowSchema, { what });

/** Gathers what is said into messages that are small enough; the last one has the totals. */
function createPieces(counts: OwnCounts, decisions: DecisionQueue, ruleRows: RuleRows) {
  const { edges, dropped, rules } = counts;
  const fresh = (): Report => create(ReportSchema, { sinceAt: BigInt(edges.sinceAt) });
  const done: Report[] = [];
  let current = fresh();
  let bytes = 0;
  return {
    add(size: number, put: (report: Report) => void): void {
      if (bytes > 0 && bytes + size > PIECE_BYTES) {
        done.push(current);
        current = fresh();
        bytes = 0;
      }
      bytes += size;
      put(current);
    },
    isEmpty: () => bytes === 0,
    /** Without the totals, which would be ahead of the rows. */
    unfinished: (): readonly Report[] => [...done, current],
    finish(): readonly Report[] {
      const { checks, overflow } = edges;
      current.totals = create(TotalsSchema, {
        allowed: BigInt(checks.allowed),
        denied: BigInt(checks.denied),
        allowedOverflow: BigInt(overflow.allowed),
        deniedOverflow: BigInt(overflow.denied),
        deniedCallersOverflow: BigInt(overflow.deniedCallers),
        droppedLogged: BigInt(dropped.logged),
        droppedSent: BigInt(decisions.dropped),
        lost: BigInt(counts.lost),
        rulesOverflow: BigInt(rules.overflow + ruleRows.untold(rules.totals())),
      });
      current.complete = true;
      return [...done, current];
    },
  };
}
