/**
 * The webhook: one question by HTTP, one answer. `POST /validate`.
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { oneLine } from '../../lib/printable.ts';
import { readAtMost } from '../../lib/read-at-most.ts';
import type { ChangeJudgement } from '../../policy/change/judge-change.ts';
import type { Finding } from '../../policy/documents/finding.ts';
import { type ReviewResponse, reviewOf, verdictOf } from './answer.ts';
import { isOfRegistry } from './changed-files.ts';
import { judgeReview, objectName, type ReviewRules } from './judge-review.ts';
import { proofCodes } from './opened-tenants.ts';
import type { ProveChange } from './prove-change.ts';
import { MOST_REVIEW_BYTES, type ReviewRequest, readReview } from './review.ts';
import { type OwnNamespace, proofStandingOf, type Standing, standingOf } from './standing-of.ts';
import { createTurns } from './turns.ts';

/** How a question ended: in metrics. */
type AdmissionOutcome = 'allowed' | 'warned' | 'refused' | 'passed' | 'late' | 'bad' | 'failed';

export interface AdmissionDeps {
  readonly check: 'warn' | 'enforce';
  readonly onTimeout: 'allow' | 'deny';
  readonly ownNamespace: OwnNamespace;
  /** What changes are judged by now; undefined while nothing is in force yet. */
  readonly rules: () => ReviewRules | undefined;
  /** Holds changes against what tenants are promised, and what becomes of one that opens a tenant; undefined: nothing is held so. */
  readonly prove: { readonly mode: 'warn' | 'enforce'; readonly judge: ProveChange } | undefined;
  readonly log: AdmissionLog;
  readonly counted: (outcome: AdmissionOutcome, seconds: number) => void;
}

/** Where everything is told, also what the author may not see. */
export interface AdmissionLog {
  info(told: object, message: string): void;
  warn(told: object, message: string): void;
  error(told: object, message: string): void;
}

const AT_A_TIME = 8;
const MOST_WAITING = 64;
/** Left to the API server for the way of the answer. */
const RESERVE_MS = 1_000;
const DEFAULT_TIMEOUT_MS = 10_000;
/** Findings of one change in one line of the log. */
const MOST_LOGGED = 50;

/** An answer of HTTP. */
interface Answer {
  readonly outcome: AdmissionOutcome;
  readonly status: number;
  readonly body: string;
}

/** Creates what answers. */
export function createAdmissionHandler(deps: AdmissionDeps) {
  const turns = createTurns(AT_A_TIME, MOST_WAITING);
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const startedAt = performance.now();
    const { outcome, status, body } = await answerTo(request, turns, deps);
    const isReview = status === 200;
    response.writeHead(status, {
      'content-type': isReview ? 'application/json' : 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      ...(!request.complete && { connection: 'close' }), // the rest of it is not read
    });
    response.end(body);
    deps.counted(outcome, (performance.now() - startedAt) / 1_000);
  };
}

async function answerTo(
  request: IncomingMessage,
  turns: ReturnType<typeof createTurns>,
  deps: AdmissionDeps,
): Promise<Answer> {
  const url = URL.parse(request.url ?? '', 'https://gatehouse');
  if (url?.pathname !== '/validate') return bad(404, 'the webhook is POST /validate', deps);
  if (request.method !== 'POST') return bad(405, 'the webhook is asked by POST', deps);
  const { 'content-type': type = '', 'content-length': length } = request.headers;
  if (!/^application\/json\b/i.test(type)) return bad(415, 'an AdmissionReview is wanted, as application/json', deps);
  if (Number(length) > MOST_REVIEW_BYTES) return tooLarge(deps);
  const withinMs = waitMs(url.searchParams.get('timeout'));
  const untilMs = performance.now() + withinMs;
  const end = await turns.take(withinMs);
  try {
    const body = await readAtMost(request.iterator({ destroyOnReturn: false }), MOST_REVIEW_BYTES);
    return body === undefined ? tooLarge(deps) : await answerOf(body, end === undefined ? undefined : untilMs, deps);
  } finally {
    end?.();
  }
}

/** How long a question may wait for its turn. @param timeout  as the API server says it, such as `10s` */
function waitMs(timeout: string | null): number {
  const [, number, unit] = /^(\d{1,4})(ms|s)$/.exec(timeout ?? '') ?? [];
  const given = number === undefined ? DEFAULT_TIMEOUT_MS : Number(number) * (unit === 's' ? 1_000 : 1);
  return Math.max(0, Math.min(given, 30_000) - RESERVE_MS);
}

/** @param untilMs  of `performance.now()`; undefined: its turn did not come in time */
async function answerOf(body: Buffer, untilMs: number | undefined, deps: AdmissionDeps): Promise<Answer> {
  const read = readReview(body);
  if (!read.ok) return bad(read.status, read.why, deps);
  const { request } = read;
  const { uid } = request;
  const standing = standingOf(request, deps.ownNamespace);
  const ofProof = deps.prove === undefined ? 'passed' : proofStandingOf(request, deps.ownNamespace);
  if (standing === 'passed' && ofProof === 'passed') return reviewed('passed', { uid, allowed: true });
  const rules = deps.rules();
  if (rules === undefined) return late(request, 'nothing is in force here yet', deps);
  if (untilMs === undefined) return late(request, 'too many changes are judged now', deps);
  try {
    const checked = standing === 'passed' ? nothing : checkedOf(request, rules, deps);
    const isRefused = standing === 'judged' && deps.check === 'enforce' && checked.told.some(isError);
    const proved = ofProof === 'passed' || isRefused ? nothing : await deps.prove?.judge(request, untilMs);
    if (proved === undefined) return late(request, 'whether tenants stay alone was not proved', deps);
    return answered(request, checked, proved, { standing, ofProof }, deps);
  } catch (thrown) {
    const logId = newId();
    deps.log.error(
      { admission: { id: logId, ...about(request) } },
      `admission: ${objectName(request)} could not be judged: ${String(thrown)}`,
    );
    return {
      outcome: 'failed',
      status: 500,
      body: `Gatehouse could not judge this change; its log says why under ${logId}\n`,
    };
  }
}

const nothing: ChangeJudgement = { told: [], hidden: [] };
const isError = ({ severity }: Finding): boolean => severity === 'error';

/** What `policy check` says of it. Objects of the registry come for their labels alone. */
function checkedOf(request: ReviewRequest, rules: ReviewRules, { prove }: AdmissionDeps): ChangeJudgement {
  if (request.object === undefined || (prove !== undefined && isOfRegistry(request))) return nothing;
  return judgeReview(request, request.object, rules);
}

interface Standings {
  readonly standing: Standing;
  readonly ofProof: Standing;
}

function answered(
  request: ReviewRequest,
  checked: ChangeJudgement,
  proved: ChangeJudgement,
  { standing, ofProof }: Standings,
  { log, check, prove }: AdmissionDeps,
): Answer {
  const judgement = {
    told: [...checked.told, ...proved.told],
    hidden: [...checked.hidden, ...proved.hidden],
  };
  const logId = newId();
  const { refused, response } = verdictOf(judgement, {
    uid: request.uid,
    subject: objectName(request),
    logId,
    refuses: ({ code }) =>
      proofCodes.has(code)
        ? ofProof === 'judged' && prove?.mode === 'enforce'
        : standing === 'judged' && check === 'enforce',
  });
  const findings = unique([...judgement.hidden, ...judgement.told]).filter(({ severity }) => severity !== 'hint');
  if (findings.length === 0) return reviewed('allowed', response);
  const admission = { id: logId, refused, ...about(request), findings: findings.slice(0, MOST_LOGGED).map(shown) };
  const what = refused ? 'is refused' : 'is let in with warnings';
  log[refused ? 'warn' : 'info']({ admission }, `admission ${logId}: ${objectName(request)} ${what}`);
  return reviewed(refused ? 'refused' : 'warned', response);
}

/** Hidden findings of twins stand among the told ones too, with less in them. */
function unique(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ code, path, severity }) => {
    const key = `${code} ${path}`;
    const isNew = !seen.has(key) || severity !== 'error';
    seen.add(key);
    return isNew;
  });
}

const shown = ({ severity, code, path, message }: Finding) => ({ severity, code, path, message });

const about = ({ uid, operation, userInfo, dryRun, kind, namespace, name }: ReviewRequest) => ({
  ...{ uid, operation, user: userInfo, dryRun, group: kind.group, kind: kind.kind, namespace, name },
});

function late(
  request: ReviewRequest,
  why: string,
  { onTimeout, check, prove, log, ownNamespace }: AdmissionDeps,
): Answer {
  const { uid } = request;
  const isEnforced =
    (check === 'enforce' && standingOf(request, ownNamespace) === 'judged') ||
    (prove?.mode === 'enforce' && proofStandingOf(request, ownNamespace) === 'judged');
  const denies = onTimeout === 'deny' && isEnforced;
  log.warn(
    { admission: about(request) },
    `admission: ${objectName(request)} is not judged, ${why}: admission.onTimeout is ${onTimeout}`,
  );
  const message = `Gatehouse could not judge this change in time: ${why}`;
  return reviewed('late', {
    uid,
    allowed: !denies,
    ...(denies ? { status: { code: 429, reason: 'TooManyRequests', message } } : { warnings: [message] }),
  });
}

const reviewed = (outcome: AdmissionOutcome, response: ReviewResponse): Answer => ({
  outcome,
  status: 200,
  body: reviewOf(response),
});

function bad(status: number, why: string, { log }: AdmissionDeps): Answer {
  log.info({}, `admission: a question is not answered: ${oneLine(why)}`);
  return { outcome: 'bad', status, body: `${oneLine(why)}\n` };
}

const tooLarge = (deps: AdmissionDeps): Answer =>
  bad(413, `the AdmissionReview is larger than the ${MOST_REVIEW_BYTES >> 20} MiB that are looked at`, deps);

/** Short, for people to search by. */
const newId = (): string => randomBytes(4).toString('hex');
