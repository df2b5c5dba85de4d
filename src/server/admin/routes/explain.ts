/**
 * `/v1/explain` and `/v1/decisions/ID`.
 * @module
 */
import type { Derivation } from '../../../admin-api/decisions.ts';
import type { ReadQuestion } from '../../../admin-api/routes.ts';
import type { Explanation } from '../../../analysis/explain.ts';
import { readPair } from '../../../analysis/pair.ts';
import { testOfDecision } from '../../../analysis/policy-test/test-of-decision.ts';
import { encodeRequestForm, readRequestForm } from '../../../analysis/request-form.ts';
import type { RedactedDecision } from '../../../authz/record/redacted-decision.ts';
import { GatehouseError } from '../../../errors.ts';
import { type DecisionRecord, decisionRecord } from '../../log/decision-record.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { AdminHandler } from '../admin-handler.ts';
import { derivedCaller } from '../caller-certificate.ts';
import { withIssued } from '../issued-to-caller.ts';
import { remoteDerivation } from './remote-decisions.ts';

type Question = ReadQuestion<'POST /v1/explain'>;

/**
 * Reads what is to be explained: a request form, or `{ "request": …, "believePeer": true }` with one, or `{ "checkRequest": … }` with the bytes of a
 * CheckRequest in base64, or `{ "pair": { from, to, port, http } }` with the names of workloads.
 *
 * @throws GatehouseError `message_invalid`, naming every member that is wrong
 */
export function readExplainQuestion(body: unknown): Question {
  if (typeof body !== 'object' || body === null)
    throw new GatehouseError('message_invalid', 'send a request: { "source": …, "destination": …, "http": … }');
  if ('checkRequest' in body) {
    if (typeof body.checkRequest === 'string') return { checkRequest: body.checkRequest };
    throw new GatehouseError('message_invalid', 'checkRequest must be the bytes of a CheckRequest in base64');
  }
  if ('pair' in body) return { pair: readPair(body.pair) };
  if (!('request' in body)) return readRequestForm(body);
  const request = readRequestForm(body.request);
  return 'believePeer' in body && body.believePeer === true ? { request, believePeer: true } : { request };
}

/** Explains what the policies in force say. */
export const explain: AdminHandler<'POST /v1/explain'> = ({ asked }, deps) =>
  deps.explain.explain({
    ...{ request: requestOf(asked, deps), nowMs: Date.now(), caller: { local: true } },
    ...('believePeer' in asked && asked.believePeer === true && { believesPeer: true as const }),
  });

function requestOf(asked: Question, deps: AdminDeps): Uint8Array {
  if ('checkRequest' in asked) return Buffer.from(asked.checkRequest, 'base64');
  if ('pair' in asked) return encodeRequestForm(deps.explain.requestOf(asked.pair));
  return encodeRequestForm('request' in asked ? asked.request : asked);
}

const FLUSH_TIMEOUT_MS = 500;

/** The derivation of a decision that is still kept, here or by the decider elsewhere that made it. */
export const why: AdminHandler<'GET /v1/decisions/{id}'> = async ({ asked: { id } }, deps) => {
  const kept = await findDecision(id, deps);
  if (kept !== undefined) return withIssued(await derive(id, kept, deps), deps);
  const elsewhere = deps.remote && (await remoteDerivation(deps.remote, id));
  if (elsewhere !== undefined) return withIssued(elsewhere, deps);
  throw notKept(id, deps);
};

type DerivationDeps = Pick<AdminDeps, 'decisions' | 'deciders' | 'explain'>;

/** The derivation of a decision of this server, for an authority elsewhere that asks. @throws GatehouseError `not_found` */
export async function deriveHere(id: string, deps: DerivationDeps): Promise<Derivation> {
  const kept = await findDecision(id, deps);
  if (kept === undefined) throw notKept(id, deps);
  return derive(id, kept, deps);
}

async function derive(id: string, kept: RedactedDecision, deps: DerivationDeps): Promise<Derivation> {
  const { explain: live } = deps;
  const record = decisionRecord(kept);
  const caller = derivedCaller(kept);
  const base = { record, ...(caller && { caller }), snapshot: kept.snapshot, inForce: live.generation };
  const { request, tokens } = kept;
  if (request === undefined) {
    const notes = ['its request was too large to be kept'];
    return { ...base, before: null, now: null, reproduced: null, notes, test: null };
  }
  const question = { request, nowMs: kept.decidedAt, caller: kept.caller, ...(tokens && { tokens }) };
  const isCurrent = kept.snapshot === live.generation;
  const now = await live.explain(question);
  const old = isCurrent ? now : live.holds(kept.snapshot) ? await live.explain(question, kept.snapshot) : null;
  const before = old === null || isCurrent ? old : { ...old, flip: {} }; // its files say something else by now
  const reproduced = before === null ? null : isSame(before, record);
  const notes = [
    ...(kept.reported ? [REPORTED] : []),
    ...(before === null ? [`the policies of snapshot ${kept.snapshot} are kept no longer`] : []),
    ...(reproduced === false
      ? [
          `the derivation came to ${before?.decision} ${before?.reason}: something besides policy has changed since, or a secret of the request decided`,
        ]
      : []),
  ];
  const test = testOfDecision(`decision ${id}`, record.at, { ...now, ...asRecorded(record) }, tokens) ?? null;
  return { ...base, before, now, reproduced, notes, test };
}

const REPORTED =
  'an Envoy has decided this itself and told so: only what its access log says of the request is known, no headers and no tokens';

const asRecorded = ({ decision, reason, policy, rule }: DecisionRecord) => ({
  decision,
  reason: reason as Explanation['reason'],
  policy: policy ?? null,
  rule: rule ?? null,
}); // a record's reason is one of the list

function isSame(told: Explanation, record: DecisionRecord): boolean {
  const { decision, reason, policy, rule } = asRecorded(record);
  return told.decision === decision && told.reason === reason && told.policy === policy && told.rule === rule;
}

/**
 * A decision that is kept, or that a decider had not told of yet; else undefined.
 *
 * @param isSeen  another is looked for as if it were not there, so that not even the time it takes tells of it
 */
export async function findDecision(
  id: string,
  { decisions, deciders }: Pick<AdminDeps, 'decisions' | 'deciders'>,
  isSeen: (entry: RedactedDecision) => boolean = () => true,
): Promise<RedactedDecision | undefined> {
  const known = decisions.find(id);
  if (known !== undefined && isSeen(known)) return known;
  await deciders?.report(FLUSH_TIMEOUT_MS); // it may be on its way
  const found = decisions.find(id);
  return found !== undefined && isSeen(found) ? found : undefined;
}

function notKept(id: string, { decisions, remote }: Pick<AdminDeps, 'decisions'> & Partial<Pick<AdminDeps, 'remote'>>) {
  const silent = remote === undefined ? [] : remote.silent().map(({ decider }) => decider);
  const away = silent.length === 0 ? '' : `; these deciders elsewhere cannot be asked now: ${silent.join(', ')}`;
  return new GatehouseError(
    'not_found',
    `no decision ${id} is kept: it is of another server or from before the last start, was pushed out by later ones (${decisions.size} are kept), or was one too many in its second${away}`,
    { id, kept: decisions.size, ...(silent.length > 0 && { silent }) },
  );
}
