/**
 * Answers: CheckResponses as bytes, prepared once for each outcome; a Check only copies one and writes its id into it.
 * @see the contract, "What a Check answers"; envoy/service/auth/v3/external_auth.proto
 * @module
 */
import { isUtf8 } from 'node:buffer';
import type { Decision, Reason } from '../../policy/decision.ts';
import type { PolicyRef } from '../../policy/model.ts';
import type { TokenEffects, TokenRejected } from '../jwt/token-outcome.ts';
import { bytesField, structFields, varintField } from '../wire/writer.ts';

/** An answer whose id is yet to be written, at each of `idAt`. */
export interface PreparedAnswer {
  readonly bytes: Buffer;
  readonly idAt: readonly number[];
}

/** Everything that an answer depends on but its id. */
export interface AnswerContext {
  readonly decision: Decision;
  /** SPIFFE ID of the workload that was asked for; undefined if it is not known. */
  readonly destination: string | undefined;
  readonly snapshot: number;
  readonly rejected: TokenRejected | undefined;
  readonly effects: TokenEffects | undefined;
  /** Tell the client too, in `x-gatehouse-decision`. */
  readonly decisionHeader: boolean;
}

/** ASCII characters of a decision's id. */
export const ID_LENGTH = 22;
/** Stands where the id goes; control bytes are in no name and no header. */
const placeholder = '\x01'.repeat(ID_LENGTH);

const PERMISSION_DENIED = 7;
const OVERWRITE_IF_EXISTS_OR_ADD = 2;

const ourFault = new Set<Reason>(['internal_error', 'not_ready']);

/** Makes the bytes of an answer. */
export function prepareAnswer(context: AnswerContext): PreparedAnswer {
  const { decision } = context;
  const outcome = decision.effect === 'allow' ? allow(context) : deny(context);
  const metadata = structFields({ gatehouse: { id: placeholder, ...describe(context) } });
  const bytes = Buffer.concat([...outcome, bytesField(4, metadata)]);
  const idAt: number[] = [];
  for (let at = bytes.indexOf(placeholder); at >= 0; at = bytes.indexOf(placeholder, at + ID_LENGTH)) idAt.push(at);
  return { bytes, idAt };
}

/** What the metadata says beside the id. */
function describe({ decision, destination, snapshot }: AnswerContext) {
  const { effect, reason, policy, rule, plane, stage, owner, dryRun, audit, observed } = decision;
  return {
    decision: effect,
    reason,
    policy: nameOf(policy),
    rule,
    plane,
    stage,
    owner,
    snapshot,
    destination,
    dry_run: dryRun && { decision: dryRun.effect, policy: nameOf(dryRun.policy) },
    audit: audit && { policy: nameOf(audit.policy), rule: audit.rule },
    observed: observed && Object.fromEntries(observed.map((made) => [made.plane ?? '', seen(made)])),
  };
}

function seen({ effect, reason, policy, rule, stage, owner }: Decision) {
  return { decision: effect, reason, policy: nameOf(policy), rule, stage, owner };
}

/** `namespace/name`, or the bare name of what has no namespace. */
export function nameOf(policy: PolicyRef | undefined): string | undefined {
  if (policy === undefined) return undefined;
  return policy.namespace === '' ? policy.name : `${policy.namespace}/${policy.name}`;
}

/** Status 0 and `ok_response`, with what token verification changes in the request. */
function allow(context: AnswerContext): Buffer[] {
  const { effects } = context;
  const ok: Buffer[] = [];
  const written = new Set<string>();
  for (const [name, value] of effects?.headersToSet ?? []) {
    if (!isHeaderValue(value)) continue; // the client's own of that name is removed all the same
    // Of two good tokens each says its own: the first value replaces what the client sent, the next stands beside it.
    const append = written.has(name) ? [bytesField(2, varintField(1, 1))] : [];
    ok.push(bytesField(2, bytesField(1, header(name, value)), ...append));
    written.add(name);
  }
  for (const name of effects?.headersToRemove ?? []) {
    if (!written.has(name)) ok.push(bytesField(5, latin1(name))); // Envoy removes after it has set
  }
  if (context.decisionHeader) ok.push(bytesField(6, replacing(decisionHeader(context))));
  for (const name of effects?.queryParametersToRemove ?? []) ok.push(bytesField(8, latin1(name)));
  return [bytesField(1), bytesField(3, ...ok)];
}

/** Status 7 and `denied_response`. */
function deny(context: AnswerContext): Buffer[] {
  const { status, body, wwwAuthenticate } = refusalOf(context);
  const headers: Buffer[] = [];
  if (wwwAuthenticate !== undefined) headers.push(header('www-authenticate', wwwAuthenticate));
  if (context.decisionHeader) headers.push(decisionHeader(context));
  return [
    bytesField(1, varintField(1, PERMISSION_DENIED)),
    bytesField(
      2,
      bytesField(1, varintField(1, status)),
      ...headers.map((each) => bytesField(2, replacing(each))),
      bytesField(3, body),
    ),
  ];
}

/** What a client sees of a refusal: 403 as RBAC gives it, 401 or 403 as jwt_authn words it, 503 where the fault is ours. */
export function refusalOf({ decision, rejected }: AnswerContext) {
  const ours = ourFault.has(decision.reason);
  const isTokens = decision.reason === 'token_invalid' || decision.reason === 'audience_denied';
  const refused = isTokens ? rejected : undefined;
  return {
    status: ours ? 503 : (refused?.status ?? 403),
    body: ours ? 'no decision' : (refused?.body ?? 'RBAC: access denied'),
    wwwAuthenticate: refused && escaped(refused.wwwAuthenticate),
  };
}

/** A HeaderValueOption of a header to the client, in the form that every version of Envoy reads alike. */
function replacing(headerValue: Buffer): Buffer {
  return Buffer.concat([bytesField(1, headerValue), varintField(3, OVERWRITE_IF_EXISTS_OR_ADD)]);
}

/** A HeaderValue. Envoy ignores `raw_value` and sends an empty header in its place, so the bytes stand in `value`, which must be UTF-8. */
function header(name: string, value: string): Buffer {
  return Buffer.concat([bytesField(1, latin1(name)), bytesField(2, latin1(value))]);
}

/** Whether a byte string can be a header's value in an answer. */
export function isHeaderValue(value: string): boolean {
  if (/^[\x20-\x7e\t]*$/.test(value)) return true;
  return !/[\x00-\x08\x0a-\x1f\x7f]/.test(value) && isUtf8(latin1(value));
}

/** A byte string as printable ASCII: whatever else the client sent us back is percent-encoded. */
export function escaped(value: string): string {
  return value.replace(/[^\x20-\x7e]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`);
}

function decisionHeader(context: AnswerContext): Buffer {
  return Buffer.concat([bytesField(1, 'x-gatehouse-decision'), bytesField(2, decisionText(context, placeholder))]);
}

/** What `x-gatehouse-decision` says. */
export function decisionText({ decision: { effect, reason, policy, rule } }: AnswerContext, id: string): string {
  const by = policy === undefined ? '' : `; policy=${nameOf(policy)}${rule === undefined ? '' : `; rule=${rule}`}`;
  return `${effect}; reason=${reason}${by}; id=${id}`;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
