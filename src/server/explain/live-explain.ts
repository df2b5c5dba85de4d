/**
 * What a running server can explain: questions under the policies in force, and under the last few that were.
 * @module
 */

import type { RequestForm } from '../../admin-api/request-form.ts';
import type { Explanation } from '../../analysis/explain.ts';
import { type Pair, requestOfPair } from '../../analysis/pair.ts';
import type { KeySetDocuments } from '../../authz/jwks/documents.ts';
import type { Config } from '../../config/config.ts';
import type { Watchable } from '../../lib/watchable.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { checkOptions } from '../policy/check-options.ts';
import { dialectOptions } from '../policy/policy-sources.ts';
import { type Knowledge, revocationsOf } from '../revocations.ts';
import { appliesTo } from './applies-to.ts';
import { type ExplainQuestion, type ExplainState, neighbourhood } from './explain-state.ts';
import { createExplainThread } from './explain-thread.ts';

export interface LiveExplainDeps {
  /** The configuration in force. */
  readonly config: () => Config;
  readonly policies: Watchable<{ readonly model: PolicyModel }>;
  readonly keySets: Watchable<KeySetDocuments>;
  /** The authority, here or elsewhere. */
  readonly authority: Knowledge;
}

export interface LiveExplain extends AsyncDisposable {
  /** Generation of the policies in force. */
  readonly generation: number;
  /** The request of one workload to another, by their names. @throws GatehouseError `message_invalid`, `not_found` */
  requestOf(pair: Pair): RequestForm;
  /** Makes the test which policies in force apply to a workload, by its name. @throws GatehouseError `message_invalid`, `not_found` */
  appliesTo(name: string): ReturnType<typeof appliesTo>;
  /** Whether policies of a generation are still there to be asked. */
  holds(generation: number): boolean;
  /**
   * Explains under the policies in force, or under those of a generation that is still held.
   *
   * @throws GatehouseError what keeps the question from being explained
   */
  explain(question: ExplainQuestion, generation?: number): Promise<Explanation>;
  /** Explains under policies that are not in force, with all else that is. @throws GatehouseError likewise */
  explainBeside(model: PolicyModel, question: ExplainQuestion): Promise<Explanation>;
}

const NOTHING_REVOKED = { sequence: 0, rows: [] };

/** Generations that are held; they share every policy that did not change. */
const MOST_MODELS = 8;

/** Follows what is in force. */
export function createLiveExplain({ config, policies, keySets, authority }: LiveExplainDeps): LiveExplain {
  const thread = createExplainThread();
  const beside = createExplainThread(); // what one holds already is not told again
  const models: PolicyModel[] = [];
  const note = ({ model }: { readonly model: PolicyModel }): void => {
    if (models.at(-1) === model) return;
    models.push(model);
    if (models.length > MOST_MODELS) models.shift();
  };
  note(policies.value);
  const unsubscribe = policies.subscribe(note);
  const settingsOf = once(settingsFor);
  const revoked = once(revocationsOf);
  const stateOf = (model: PolicyModel): ExplainState => ({
    ...settingsOf(config()),
    model,
    keySets: keySets.value,
    revocations: revoked(authority.revocations.value ?? NOTHING_REVOKED),
    bundles: authority.bundles.value,
  });
  const requestOf: LiveExplain['requestOf'] = (pair) =>
    requestOfPair(pair, neighbourhood(stateOf(policies.value.model)));
  return {
    get generation() {
      return policies.value.model.generation;
    },
    requestOf,
    appliesTo: (name) => appliesTo(requestOf({ from: name, to: name }), policies.value.model),
    holds: (generation) => models.some((model) => model.generation === generation),
    explain(question, generation) {
      const model = models.find((each) => each.generation === generation) ?? policies.value.model;
      return thread.explain(stateOf(model), question);
    },
    explainBeside: (model, question) => beside.explain(stateOf(model), question),
    async [Symbol.asyncDispose]() {
      unsubscribe();
      await beside[Symbol.asyncDispose]();
      await thread[Symbol.asyncDispose]();
    },
  };
}

function settingsFor(
  config: Config,
): Pick<ExplainState, 'check' | 'allowEmpty' | 'dialect' | 'owners' | 'trustDomain'> {
  const { trustDomain, policies } = config;
  const { allowEmpty, owners } = policies;
  return { check: checkOptions(config), allowEmpty, dialect: dialectOptions(config), trustDomain, owners };
}

/** Makes a value again only when what it is made of is another object: what is the same is not told again. */
function once<A extends object, B>(make: (from: A) => B): (from: A) => B {
  let last: { readonly from: A; readonly made: B } | undefined;
  return (from) => {
    if (last?.from !== from) last = { from, made: make(from) };
    return last.made;
  };
}
