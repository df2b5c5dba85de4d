/**
 * Looks at the upstream CA at start and while running, so that what is wrong with it is said before an authority is due.
 * @module
 */
import { asGatehouseError } from '../../errors.ts';
import type { UpstreamFinding } from '../../identity/authority/issue/upstream-check.ts';
import type { UpstreamFromFiles } from '../../identity/authority/issue/upstream-files.ts';
import type { Metrics } from '../../platform/observe/metrics.ts';

export interface UpstreamWatchDeps {
  readonly upstream: Pick<UpstreamFromFiles, 'look'>;
  readonly metrics: Pick<Metrics, 'setUpstream'>;
  readonly now: () => number;
  readonly everyMs: number;
  /** Told when the findings are other ones than before; empty: all is well again. */
  readonly said: (findings: readonly UpstreamFinding[]) => void;
}

/** Looks now, and then again every `everyMs`. Resolves after the first look. */
export async function watchUpstream(deps: UpstreamWatchDeps): Promise<Disposable> {
  let before = '[]';
  let endsAt: number | undefined;
  const look = async (): Promise<void> => {
    let findings: readonly UpstreamFinding[];
    try {
      const seen = await deps.upstream.look(deps.now());
      endsAt = seen.endsAt;
      findings = seen.findings;
    } catch (thrown) {
      findings = [{ code: 'unusable', message: asGatehouseError(thrown).message }];
    }
    deps.metrics.setUpstream(
      endsAt === undefined ? undefined : (endsAt - deps.now()) / 1000,
      findings.map(({ code }) => code),
    );
    const text = JSON.stringify(findings);
    if (text !== before) deps.said(findings);
    before = text;
  };
  await look();
  const timer = setInterval(() => void look(), deps.everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
