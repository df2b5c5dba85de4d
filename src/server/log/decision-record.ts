/**
 * A decision as the log and `/v1/decisions` show it.
 *
 * Headers (but for `x-request-id`), cookies and the query are never shown: that is where tokens travel, and policy matches the path without the
 * query.
 * @module
 */

import { nameOf } from '../../authz/answer/respond.ts';
import { HeaderLines } from '../../authz/facts/header-lines.ts';
import type { RedactedDecision } from '../../authz/record/redacted-decision.ts';
import { CheckRequest, part } from '../../authz/wire/check-request.ts';
import { fromByteString } from '../../lib/byte-string.ts';

/** One decision without secrets; texts longer than 512 characters are cut. */
export interface DecisionRecord {
  readonly id: string;
  /** RFC 3339. */
  readonly at: string;
  readonly decision: 'allow' | 'deny';
  readonly reason: string;
  readonly plane?: string;
  /** The stage or tier that decided. */
  readonly stage?: string;
  readonly owner?: string;
  /** `namespace/name`. */
  readonly policy?: string;
  readonly rule?: number;
  readonly dryRun?: { readonly decision: 'allow' | 'deny'; readonly policy?: string };
  readonly snapshot: number;
  /** What the candidate set says, where that differs. */
  readonly candidate?: {
    readonly result: string;
    readonly decision: 'allow' | 'deny';
    readonly reason: string;
    readonly policy?: string;
    readonly rule?: number;
  };
  /** An Envoy says that it has decided so itself; absent: decided here. */
  readonly reported?: true;
  readonly destination?: {
    readonly spiffeId: string;
    readonly foundBy: NonNullable<RedactedDecision['destination']>['foundBy'];
  };
  /** Who asked over HTTP, what is wrong with his question, and what he does not say that policies read. */
  readonly asker?: { readonly proxy: string; readonly malformed?: string; readonly lacks?: string };
  /** Where somebody is told of it who does not see where the caller lives, there is no address and no port. */
  readonly source?: { readonly principal: string; readonly address?: string; readonly port?: number };
  readonly request?: {
    readonly protocol: 'http' | 'tcp';
    readonly method?: string;
    readonly host?: string;
    readonly path?: string;
    /** The header `x-request-id`: what Envoy's access log, its traces and the application call this request. */
    readonly requestId?: string;
    /** The number that Envoy itself gave the request; it stands in no other log. */
    readonly streamId?: string;
  };
}

/** Renders one kept decision. A request that cannot be read is left out. */
export function decisionRecord({
  id,
  decidedAt,
  decision,
  destination,
  snapshot,
  request,
  candidate,
  reported,
}: RedactedDecision): DecisionRecord {
  const { effect, reason, plane, stage, owner, policy, rule, dryRun } = decision;
  return {
    id,
    at: new Date(decidedAt).toISOString(),
    decision: effect,
    reason,
    ...(plane && { plane }),
    ...(stage && { stage }),
    ...(owner && { owner }),
    ...(policy && { policy: nameOf(policy)! }),
    ...(rule !== undefined && { rule }),
    ...(dryRun && {
      dryRun: {
        decision: dryRun.effect,
        ...(dryRun.policy && { policy: nameOf(dryRun.policy)! }),
      },
    }),
    snapshot,
    ...(candidate && { candidate: besideOf(candidate) }),
    ...(reported && { reported }),
    ...(destination && { destination: { spiffeId: destination.spiffeId, foundBy: destination.foundBy } }),
    ...(request && describe(request, decision.lacks)),
  };
}

function besideOf({
  result,
  decision: { effect, reason, policy, rule },
}: NonNullable<RedactedDecision['candidate']>): NonNullable<DecisionRecord['candidate']> {
  return {
    ...{ result, decision: effect, reason },
    ...(policy && { policy: nameOf(policy)! }),
    ...(rule !== undefined && { rule }),
  };
}

const LONGEST = 512;
const short = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`);

/** Pointed at one request after another. */
const view = new CheckRequest();
const headers = new HeaderLines(view);

function describe(bytes: Uint8Array, lacks: string | undefined): Pick<DecisionRecord, 'source' | 'request' | 'asker'> {
  try {
    view.read(bytes);
  } catch {
    return {}; // what cannot be read was denied, and the reason says so
  }
  return {
    ...(hasText('sourcePrincipal', 'sourceAddress') && { source: source() }),
    request: request(),
    ...(view.has(part.httpCaller) && { asker: asker(lacks) }),
  };
}

function asker(lacks: string | undefined): NonNullable<DecisionRecord['asker']> {
  const malformed = text('malformed');
  return { proxy: text('httpCaller'), ...(malformed !== '' && { malformed }), ...(lacks && { lacks }) };
}

type Part = keyof typeof part;

const hasText = (...names: readonly Part[]): boolean => names.some((name) => view.spans[part[name] * 2]! >= 0);

/** A part as UTF-8; `''` if it is absent. */
function text(name: Part): string {
  const begin = view.spans[part[name] * 2]!;
  return begin < 0 ? '' : short(view.bytes.toString('utf8', begin, view.spans[part[name] * 2 + 1]!));
}

const source = (): NonNullable<DecisionRecord['source']> => ({
  principal: text('sourcePrincipal'),
  address: text('sourceAddress'),
  port: Math.max(0, view.sourcePort),
});

function request(): NonNullable<DecisionRecord['request']> {
  if (!view.hasHttp) return { protocol: 'tcp' };
  headers.begin();
  const requestId = short(fromByteString(headers.of('x-request-id').join(',')));
  const streamId = text('streamId');
  return {
    protocol: 'http',
    method: text('method'),
    host: text('host'),
    path: text('path').split(/[?#]/, 1)[0] ?? '',
    ...(requestId !== '' && { requestId }),
    ...(streamId !== '' && { streamId }),
  };
}
