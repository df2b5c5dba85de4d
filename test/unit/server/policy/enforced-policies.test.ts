import assert from 'node:assert/strict';
import { createWatchable } from '../../../../src/lib/watchable.ts';
import type { Log } from '../../../../src/platform/observe/log.ts';
import type { Metrics } from '../../../../src/platform/observe/metrics.ts';
import type { ReadinessBoard } from '../../../../src/platform/observe/readiness.ts';
import type { PolicyLoad } from '../../../../src/policy/sources/policy-sources.ts';
import { enforcePolicies } from '../../../../src/server/policy/enforced-policies.ts';

/** What is logged as a warning, and the detail of readiness, of a load. */
function told(isEmpty: boolean): { readonly warnings: readonly string[]; readonly details: readonly string[] } {
  const [warnings, details]: [string[], string[]] = [[], []];
  const summary = 'read nothing; skipped nothing';
  const load = {
    isEmpty,
    summary,
    counts: [],
    skipped: new Map(),
    degraded: [],
    findings: [],
    generation: 1,
    model: {},
  } as unknown as PolicyLoad; // what is read of it
  const log = {
    info: () => undefined,
    error: () => undefined,
    warn: ({ code }: { code: string }) => warnings.push(code),
  };
  const board = {
    degrade: () => undefined,
    set: () => undefined,
    detail: (_: string, text: string) => details.push(text),
  };
  using _enforced = enforcePolicies({
    current: createWatchable(load),
    log: log as unknown as Log, // as the next two: only what is called
    metrics: { setPolicies: () => undefined } as unknown as Metrics,
    board: board as unknown as ReadinessBoard,
    changed: () => undefined,
  });
  return { warnings, details };
}

describe('enforcePolicies', () => {
  it('warns, and says beside readiness, that no policy is in force', () => {
    assert.deepEqual(told(true), {
      warnings: ['no_policies'],
      details: ['no policy is in force; read nothing; skipped nothing'],
    });
    assert.deepEqual(told(false), { warnings: [], details: ['read nothing; skipped nothing'] });
  });
});
