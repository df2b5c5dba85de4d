/**
 * Counts verdicts by what they are about, so that nothing is said to be tried which was not.
 * @module
 */
import type { Answer } from './clients.ts';
import type { DrawnSettings, Place } from './draw-policies.ts';
import { drawnCallers, type Question } from './draw-questions.ts';

/** What a verdict can be about; most are about several of these. */
export const verdictKinds = [
  ...(['http/1', 'http/2', 'tcp', 'token', 'token through a gateway', 'gateway', 'alias'] as const),
  ...(['several names', 'repeated header', 'no certificate', 'other trust domain', 'revoked'] as const),
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

export interface Tally {
  readonly all: Count;
  readonly byKind: ReadonlyMap<VerdictKind, Count>;
  /** What differs, told for people; the first of them. */
  readonly different: string[];
  count(kinds: readonly VerdictKind[], native: Answer, asking: Answer, about: () => string): void;
}

const MOST_TOLD = 5;

/** Creates one of zeros. */
export function createTally(): Tally {
  const zero = (): Count => ({ verdicts: 0, decided: 0, allowed: 0, different: 0 });
  const all = zero();
  const byKind = new Map(verdictKinds.map((kind) => [kind, zero()]));
  const different: string[] = [];
  return {
    ...{ all, byKind, different },
    count(kinds, native, asking, about) {
      const isSame = native.status === asking.status && known.includes(native.status);
      if (!isSame && different.length < MOST_TOLD)
        different.push(`${about()}: ${native.status} ${native.action}, asked ${asking.status}`);
      for (const each of [all, ...kinds.map((kind) => byKind.get(kind)!)]) {
        each.verdicts++;
        if (native.action.startsWith('n:')) each.decided++;
        if (asking.status === 200) each.allowed++;
        if (!isSame) each.different++;
      }
    },
  };
}

/** Allowed; not HTTP as Envoy or a cleaning of paths wants it; a bad token; refused. */
const known = [200, 400, 401, 403];

/** What a question is about where it is put to that place. */
export function kindsOf(
  { caller, isHttp2, request: { headers }, tokens }: Question,
  { kind, hasTokens }: Place,
  { aliases, revoked }: DrawnSettings,
): readonly VerdictKind[] {
  const uris = caller === undefined ? [] : drawnCallers[caller]!.uris;
  const isOf = (domain: string): boolean => uris.length === 1 && uris[0]!.startsWith(`spiffe://${domain}/`);
  const isTcp = kind === 'tcp';
  const hasToken = hasTokens && tokens.length > 0;
  const lines = headers.filter(([name]) => name === 'x-tag').length;
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
    revoked: revoked !== undefined && uris.includes(revoked),
  };
  return verdictKinds.filter((each) => about[each]);
}
