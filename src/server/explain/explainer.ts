/**
 * Explains Checks: the same questions, policies and keys as a decider's, asked one rule after the other with a record of it.
 * @module
 */
import { type ExplainDeps, type Explanation, explain } from '../../analysis/explain.ts';
import { narrowSnapshot } from '../../analysis/narrow-snapshot.ts';
import { createPolicyFiles } from '../../analysis/source/policy-files.ts';
import { importKeySets } from '../../authz/jwks/import-key-sets.ts';
import type { VerifyTokens } from '../../authz/jwt/token-outcome.ts';
import { createTokenVerifier } from '../../authz/jwt/verifier.ts';
import type { RedactedTokens } from '../../authz/record/redacted-decision.ts';
import { readRegularFileSync } from '../../lib/regular-file.ts';
import { createOwnerIndex } from '../../policy/owners.ts';
import { MAX_FILE_BYTES } from '../../policy/read-policies.ts';
import type { ExplainQuestion, ExplainState } from './explain-state.ts';

/** Answers questions under one state. */
export type Explainer = (question: ExplainQuestion) => Explanation;

/** Makes of the state what explains questions. */
export async function createExplainer(state: ExplainState): Promise<Explainer> {
  const depsOf = await explainDeps(state);
  return (question) => explain(question.request, depsOf(question));
}

/** What it takes to explain or test a question. Policy files are read when a question is about them. */
export async function explainDeps({
  check,
  allowEmpty,
  dialect,
  owners,
  model,
  keySets,
  revocations,
  bundles,
}: ExplainState): Promise<(question: Omit<ExplainQuestion, 'request'>) => ExplainDeps> {
  const evaluate = { allowEmpty };
  const state = {
    snapshot: narrowSnapshot(model, evaluate),
    keySets: await importKeySets(keySets),
    revocations,
    bundles,
  };
  const ownerOf = createOwnerIndex(model.registry, owners);
  const verifyTokens = createTokenVerifier();
  const believing = { ...check, verifyPeer: 'off', peerTrustDomains: 'any' } as const;
  return ({ nowMs, caller, tokens, believesPeer }) => ({
    model,
    evaluate,
    state,
    options: believesPeer === true ? believing : check,
    verifyTokens: tokens === undefined ? verifyTokens : asBefore(tokens),
    nowMs,
    caller,
    ownerOf,
    sources: { files: createPolicyFiles(readText), dialect },
  });
}

/** Answers what became of the tokens, without having them. */
function asBefore(tokens: RedactedTokens): VerifyTokens {
  return (_, rules) => {
    const unknownKid = undefined;
    if (tokens.outcome === 'accepted') return { ...tokens, rule: rules[0]!, unknownKid }; // asked only where there are rules
    return tokens.outcome === 'none' ? { ...tokens, unknownKid } : { ...tokens, wwwAuthenticate: '', unknownKid };
  };
}

function readText(file: string): string | undefined {
  try {
    return readRegularFileSync(file, MAX_FILE_BYTES).toString('utf8');
  } catch {
    return undefined; // gone or not ours to read: there is no place to show then
  }
}
