/**
 * Counts verdicts by what they are about, so that nothing is said to be tried which was not.
 * @module
 */
import type { Answer, Asker } from './clients.ts';
import { drawnCallers, type Question } from './draw-questions.ts';
import type { DrawnSettings } from './draw-settings.ts';
import { rowsOf, tableRows } from './rows.ts';
import type { Twin } from './twins.ts';

/** What a verdict can be about; most are about several of these. */
export const verdictKinds = [
  ...(['http/1', 'http/2', 'tcp', 'token', 'token through a gateway', 'gateway', 'alias'] as const),
  ...(['several names', 'repeated header', 'no certificate', 'other trust domain'] as const),
  ...(['revoked name', 'revoked serial number', 'revoked key', 'planes'] as const),
];
export type VerdictKind = (typeof verdictKinds)[number];

/** Of one kind. */
export interface Count {
  verdicts: number;
  /** Without being asked about. */
  decided: number;
  allowed: number;
  different: number;
}

/** One question, and what became of it at both twins. */
export interface Judged {
  /** As it reached them. */
  readonly asked: Question;
  readonly who: Pick<Asker, 'from' | 'to'>;
  readonly twin: Twin;
  readonly settings: DrawnSettings;
  readonly native: Answer;
  readonly asking: Answer;
  /** Of Istio's own translation; undefined: it was not asked. */
  readonly istio: Answer | undefined;
}

export interface Tally {
  readonly all: Count;
  readonly byKind: ReadonlyMap<VerdictKind, Count>;
  /** By the rows of docs/native.md, as they stand there. */
  readonly byRow: ReadonlyMap<string, Count>;
  /** Those in which Istio's own translation was asked too; `different`: it says otherwise. */
  readonly istio: Count;
  /** What differs, told for people; the first of them. */
  readonly different: string[];
  count(judged: Judged, about: () => string): void;
}

const MOST_TOLD = 5;

/** Creates one of zeros. */
export function createTally(): Tally {
  const zero = (): Count => ({ verdicts: 0, decided: 0, allowed: 0, different: 0 });
  const all = zero();
  const istio = zero();
  const byKind = new Map(verdictKinds.map((kind) => [kind, zero()]));
  const byRow = new Map(tableRows().map((row) => [row, zero()]));
  const different: string[] = [];
  return {
    ...{ all, byKind, byRow, istio, different },
    count(judged, about) {
      const { native, asking } = judged;
      const isSame = areSame(judged);
      if (!isSame && different.length < MOST_TOLD)
        different.push(`${about()}: ${textOf(native)}, asked ${textOf(asking)}`);
      if (judged.istio !== undefined) {
        const isIstios = judged.istio.status === asking.status;
        if (!isIstios && different.length < MOST_TOLD)
          different.push(`${about()}: asked ${asking.status}, Istio ${judged.istio.status} ${judged.istio.action}`);
        add(istio, judged, isIstios);
      }
      const counts = [
        ...kindsOf(judged).map((kind) => byKind.get(kind)!),
        ...rowsOf(judged).map((row) => byRow.get(row)!),
      ];
      for (const each of [all, ...counts]) add(each, judged, isSame);
    },
  };
}

const textOf = ({ status, action, rehearsed, audited }: Answer): string =>
  `${status} ${action} dry run ${rehearsed} audit ${audited}`;

/**
 * The same answer; where both tell what dry run would do, the same of that; and of what Envoy lets pass itself, an AUDIT rule or none: what
 * it refuses reaches no filter that marks, and of what it asks about Gatehouse tells. Of several rules a tree may name another than the first.
 */
function areSame({ native, asking }: Judged): boolean {
  const isPassed = native.status === 200 && native.action.startsWith('n:');
  const isRehearsed = native.rehearsed !== '' && asking.rehearsed !== '';
  return (
    native.status === asking.status &&
    known.includes(native.status) &&
    (!isRehearsed || native.rehearsed === asking.rehearsed) &&
    (!isPassed || (native.audited === '') === (asking.audited === ''))
  );
}

function add(count: Count, { native, asking }: Judged, isSame: boolean): void {
  count.verdicts++;
  if (native.action.startsWith('n:')) count.decided++;
  if (asking.status === 200) count.allowed++;
  if (!isSame) count.different++;
}

/** Allowed; not HTTP as Envoy or a cleaning of paths wants it; a bad token; refused; a request without a path, which no filter sees. */
const known = [200, 400, 401, 403, 404];

/** What a question is about where it is put to that place. */
function kindsOf({ asked, twin, settings }: Judged): readonly VerdictKind[] {
  const { caller, isHttp2, request, tokens } = asked;
  const { kind, hasTokens } = twin.place;
  const { aliases, revoked, planes } = settings;
  const uris = caller === undefined ? [] : drawnCallers[caller]!.uris;
  const isOf = (domain: string): boolean => uris.length === 1 && uris[0]!.startsWith(`spiffe://${domain}/`);
  const isRevoked = (how: (typeof revoked)[number]['by']): boolean =>
    revoked.some((each) => each.by === how && each.caller === caller);
  const isTcp = kind === 'tcp';
  const hasToken = hasTokens && tokens.length > 0;
  const lines = request.headers.filter(([name]) => name === 'x-tag').length;
  const about: Readonly<Record<VerdictKind, boolean>> = {
    'http/1': !isTcp && !isHttp2,
    'http/2': !isTcp && isHttp2,
    tcp: isTcp,
    token: hasToken,
    'token through a gateway': hasToken && kind === 'gateway',
    gateway: kind === 'gateway',
    alias: isOf('old.td') && aliases.includes('old.td'),
    'several names': uris.length > 1,
    'repeated header': !isTcp && lines > 1,
    'no certificate': caller === undefined,
    'other trust domain': isOf('other.td'),
    'revoked name': isRevoked('id'),
    'revoked serial number': isRevoked('serial'),
    'revoked key': isRevoked('spki'),
    planes: Object.values(planes ?? {}).includes('enforce'),
  };
  return verdictKinds.filter((each) => about[each]);
}
