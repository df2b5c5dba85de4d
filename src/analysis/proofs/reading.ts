/**
 * Reads witnesses as the real decision reads requests; their tokens are taken as verified.
 * @module
 */
import type { Claims, ClaimValue } from '../../authz/jwt/claims.ts';
import type { TokenRejected, VerifyTokens } from '../../authz/jwt/token-outcome.ts';
import { Question, type QuestionOptions } from '../../authz/question.ts';
import type { DecisionState } from '../../authz/state.ts';
import { toByteString } from '../../lib/byte-string.ts';
import type { Facts } from '../../policy/facts.ts';
import type { TokenRule } from '../../policy/model.ts';
import { encodeRequestForm } from '../request-form.ts';
import { audienceForms } from './token-claims.ts';
import type { Witness } from './witness.ts';

/** What a witness says, until the next is read; undefined: refused before any policy is asked. */
export type Reading = (witness: Pick<Witness, 'request' | 'claims'>) => Facts | undefined;

const never = { sequence: 0, spiffeIds: new Set<string>(), serials: new Set<string>(), spkis: new Set<string>() };
const noEffects = { headersToRemove: [], headersToSet: [], queryParametersToRemove: [], pathAfter: undefined };

/** Creates what reads: a token is accepted by the first rule that has its issuer and an audience of it. */
export function createReading(options: QuestionOptions): Reading {
  let claims: Witness['claims'];
  const verify: VerifyTokens = (_, rules) => {
    if (claims === undefined || rules.length === 0)
      return { outcome: 'none', effects: noEffects, unknownKid: undefined };
    const read = claimsOf(claims);
    const rule = rules.find((one) => accepts(one, read));
    if (rule === undefined) return refused;
    return { outcome: 'accepted', rule, claims: read, requestPrincipal: '', effects: noEffects, unknownKid: undefined };
  };
  const counters = { unverifiedPeers: 0, ambiguousRequests: 0, peersWithCertificate: 0, peersWithout: 0 };
  const question = new Question(options, verify, counters);
  const state: Omit<DecisionState, 'snapshot'> = {
    keySets: { generation: 0, sets: new Map() },
    revocations: never,
    bundles: undefined,
  };
  return (witness) => {
    ({ claims } = witness);
    question.clear();
    if (question.read(encodeRequestForm(witness.request), { local: true }, state, 0) !== undefined) return undefined;
    return question.facts;
  };
}

/** Another issuer than those of the rules, or another audience. */
const refused: TokenRejected = {
  ...{ outcome: 'rejected', status: 401, body: '', wwwAuthenticate: '', details: '', unknownKid: undefined },
};

function accepts({ issuer, audiences }: TokenRule, claims: Claims): boolean {
  if (issuer !== '' && claims.get('iss') !== issuer) return false;
  const named = [claims.get('aud')].flat();
  return audiences.length === 0 || audiences.flatMap(audienceForms).some((form) => named.includes(form));
}

const claimsOf = (value: Readonly<Record<string, unknown>>): Claims =>
  new Map(Object.entries(value).map(([name, each]) => [toByteString(name), claimOf(each)]));

/** Texts, lists of texts, and what holds them: as witnesses are written. */
function claimOf(value: unknown): ClaimValue {
  if (typeof value === 'string') return toByteString(value);
  if (Array.isArray(value)) return value.map(claimOf);
  return claimsOf(value as Record<string, unknown>);
}
