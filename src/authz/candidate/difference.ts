/**
 * What a candidate set says of a Check beside the policies in force, and in which way that differs.
 * @module
 */
import type { Decision } from '../../policy/decision.ts';
import type { TokenOutcome } from '../jwt/token-outcome.ts';

/** What a comparison came to, by the order of the counts that are told. */
export const candidateResults = [
  /** The client and what lies behind get the same. */
  'same',
  'allow_to_deny',
  'deny_to_allow',
  /** Both allow or both deny, and another status, body or header goes out: tokens are judged in another way. */
  'other_answer',
  /** The candidate failed: in force it would deny `internal_error`. */
  'error',
  /** Not asked: the candidate had used up its share of the time, or was being made ready. */
  'skipped',
  /** An Envoy has decided it, and does not tell what the candidate asks for. */
  'unsaid',
] as const;

/** What one comparison came to. */
export type CandidateResult = (typeof candidateResults)[number];

/** The results that are differences. */
export type DifferenceResult = Exclude<CandidateResult, 'same' | 'skipped' | 'unsaid'>;

/** What the candidate says where that differs. Plain data. */
export interface CandidateVerdict {
  readonly result: DifferenceResult;
  readonly decision: Decision;
}

/** What became of the tokens of a request. */
type Tokens = TokenOutcome | undefined;

const ofTokens = new Set<Decision['reason']>(['token_invalid', 'audience_denied']);

/** In which way an answer of the candidate would differ; undefined: in none. */
export function differenceBetween(
  made: Decision,
  tokens: Tokens,
  candidate: Decision,
  candidateTokens: Tokens,
): Exclude<DifferenceResult, 'error'> | undefined {
  if (made.effect !== candidate.effect) return made.effect === 'allow' ? 'allow_to_deny' : 'deny_to_allow';
  const isSame =
    made.effect === 'allow'
      ? haveSameEffects(tokens, candidateTokens)
      : areSameDenials(made, tokens, candidate, candidateTokens);
  return isSame ? undefined : 'other_answer';
}

const ourFault = new Set<Decision['reason']>(['internal_error', 'not_ready']);

/** A denial is 403, but for what tokens and our own faults come to. */
function areSameDenials(made: Decision, tokens: Tokens, candidate: Decision, candidateTokens: Tokens): boolean {
  if (ourFault.has(made.reason) !== ourFault.has(candidate.reason)) return false;
  const [one, other] = [refusalOf(made, tokens), refusalOf(candidate, candidateTokens)];
  return one?.status === other?.status && one?.body === other?.body && one?.wwwAuthenticate === other?.wwwAuthenticate;
}

const refusalOf = ({ reason }: Decision, tokens: Tokens) =>
  ofTokens.has(reason) && tokens?.outcome === 'rejected' ? tokens : undefined;

/** What goes on to the workload besides the request. */
function haveSameEffects(one: Tokens, other: Tokens): boolean {
  if (one === other) return true;
  return JSON.stringify(effectsOf(one)) === JSON.stringify(effectsOf(other));
}

const NO_EFFECTS = { headersToRemove: [], headersToSet: [], queryParametersToRemove: [] };

function effectsOf(tokens: Tokens) {
  const { headersToRemove, headersToSet, queryParametersToRemove } =
    tokens === undefined || tokens.outcome === 'rejected' ? NO_EFFECTS : tokens.effects;
  return [headersToRemove, headersToSet, queryParametersToRemove];
}

/** Counts of every result, none yet. */
export const noResults = (): Record<CandidateResult, number> => ({
  same: 0,
  allow_to_deny: 0,
  deny_to_allow: 0,
  other_answer: 0,
  error: 0,
  skipped: 0,
  unsaid: 0,
});
