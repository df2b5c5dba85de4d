/**
 * Policies as they come into force: reported to log, metrics and readiness, and handed on where they have changed.
 * @module
 */

import type { Watchable } from '../../lib/watchable.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';
import type { ReadinessBoard } from '../../platform/observe/readiness.ts';
import type { PolicyModel } from '../../policy/model.ts';
import type { PolicyLoad } from '../../policy/sources/policy-sources.ts';

export interface EnforcedPoliciesDeps {
  readonly current: Watchable<PolicyLoad>;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly board: ReadinessBoard;
  /** Gets the model of every new generation. */
  readonly changed: (model: PolicyModel) => void;
}

const MOST_LOGGED_FINDINGS = 20;

/** Reports the policies in force, and every load that follows, until it is disposed. */
export function enforcePolicies({ current, log, metrics, board, changed }: EnforcedPoliciesDeps): Disposable {
  let degradedBefore = '';
  let readBefore = '';
  let wasEmpty = false;
  let generation = 0;
  const take = (load: PolicyLoad): void => {
    metrics.setPolicies(load.counts);
    board.degrade('policies', load.degraded);
    // Pods come and go all the time: only other policies, or other things that are skipped, are worth a line.
    const read = JSON.stringify([load.counts, [...load.skipped]]);
    if (read !== readBefore) log.info({ code: 'policies_read' }, `policies: ${load.summary}`);
    readBefore = read;
    board.detail('policies', load.isEmpty ? `no policy is in force; ${load.summary}` : load.summary);
    if (load.isEmpty && !wasEmpty)
      log.warn({ code: 'no_policies' }, 'no policy is in force: look at policies.paths, and at what is skipped there');
    wasEmpty = load.isEmpty;
    const degraded = load.degraded.join();
    if (degraded !== degradedBefore && degraded !== '') {
      metrics.countLoadError();
      const errors = load.findings.filter(({ severity }) => severity === 'error');
      log.error(
        { degraded: load.degraded, findings: errors.slice(0, MOST_LOGGED_FINDINGS) },
        'policy files are broken; what was last good stays in force',
      );
    }
    degradedBefore = degraded;
    if (load.generation !== generation) changed(load.model);
    generation = load.generation;
  };
  const unsubscribe = current.subscribe(take);
  take(current.value);
  board.set('policies', '');
  return { [Symbol.dispose]: unsubscribe };
}
