/**
 * Plays the judge's answers to hand-made cases against the product.
 * @module
 */

import type { Finding } from '../../src/policy/documents/finding.ts';
import { loadPolicies } from '../../src/policy/load.ts';
import type { PolicyModel } from '../../src/policy/model.ts';
import { readPolicies } from '../../src/policy/read-policies.ts';
import type { Case } from './case.ts';
import type { Answer } from './judge.ts';
import { type Difference, play } from './player.ts';
import { tokenDeps } from './token-deps.ts';

/** What became of one case. */
export interface Outcome {
  readonly of: Case;
  readonly played: number;
  readonly lost: readonly string[];
  readonly differences: readonly Difference[];
  /** Set where one side refuses the documents and the other does not. */
  readonly refusal?: string;
}

interface ReadCase {
  readonly model: PolicyModel;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** Reads a case's documents. */
function readCase({ documents, aliases }: Case): ReadCase {
  const options = {
    trustDomain: 'cluster.local',
    trustDomainAliases: aliases,
    rootNamespace: 'istio-system',
    customProviders: {},
  };
  const files = documents.map((text, i) => readPolicies(`${i}.yaml`, text, options));
  const { model, findings } = loadPolicies(files, {
    generation: 1,
    absence: 'upstream',
    rootNamespace: options.rootNamespace,
  });
  const [errors = [], warnings = []] = ['error', 'warning'].map((each) =>
    findings.filter(({ severity }) => severity === each),
  );
  return { model, errors, warnings };
}

/** Compares the answers to one case. What Envoy alone refuses, after Istio took it, we must at least warn of. */
export async function playCase(of: Case, answers: readonly Answer[]): Promise<Outcome> {
  const refused = answers.find((answer) => answer.refused !== undefined)?.refused;
  const { model, errors, warnings } = readCase(of);
  const lost = answers.flatMap((answer) => (answer.lost === undefined ? [] : [`${answer.id}: ${answer.lost}`]));
  const outcome = { of, played: 0, lost, differences: [] };
  if (errors.length > 0) {
    if (refused !== undefined) return outcome;
    return { ...outcome, refusal: `only we refuse: ${errors.map(({ message }) => message).join('; ')}` };
  }
  if (refused?.startsWith('envoy ended')) {
    return warnings.length > 0 ? outcome : { ...outcome, refusal: `Envoy refuses, and we do not warn: ${refused}` };
  }
  if (refused !== undefined) return { ...outcome, refusal: `only they refuse: ${refused}` };
  const vectors = answers.flatMap((answer) => (answer.vector === undefined ? [] : [answer.vector]));
  const settings = {
    xff_num_trusted_hops: of.trustedHops,
    trust_domain: 'cluster.local',
    trust_domain_aliases: of.aliases,
  };
  return { ...outcome, played: vectors.length, differences: play(vectors, model, settings, await tokenDeps(model)) };
}
