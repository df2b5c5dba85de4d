/**
 * Runs `doctor --zero-trust`.
 * @module
 */
import { loadConfig } from '../../../config/read-config.ts';
import { type AdminFlags, adminClient } from '../../admin/admin-client.ts';
import { show } from '../../terminal/output.ts';
import type { ExitCode, Terminal } from '../../terminal/terminal.ts';
import type { AskedEnvoy } from '../ask-envoy.ts';
import { gatherEvidence } from './gather/gather.ts';
import { reportPage, reportText, type ZeroTrustReport } from './report.ts';
import { exitCodeOf, judgeAll } from './requirements.ts';

/** What is asked. */
export interface ZeroTrustOrder extends AdminFlags {
  readonly envoys: readonly { readonly from: string; readonly asked: AskedEnvoy }[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly output: string;
}

/** Exit code 0: all five are true; 1: one is false; 2: none is false, and one is unknown. @throws GatehouseError `config_invalid` */
export async function runZeroTrust(order: ZeroTrustOrder, terminal: Terminal): Promise<ExitCode> {
  const config = loadConfig(order.config);
  const evidence = await gatherEvidence({
    config,
    client: () => adminClient(order),
    isLocal:
      order.admin === undefined
        ? config.listen.admin.some(({ kind }) => kind === 'unix')
        : !order.admin.startsWith('https:'),
    envoys: order.envoys.map(({ from, asked }) => ({ from, dump: asked.dump })),
    timeoutMs: order.timeout,
  });
  const requirements = judgeAll(evidence);
  const code = exitCodeOf(requirements);
  const report: ZeroTrustReport = {
    trustDomain: config.trustDomain,
    at: new Date().toISOString(),
    ok: code === 0,
    requirements,
  };
  if (order.output === 'markdown') terminal.out(reportPage(report));
  else show(terminal, order.output === 'json' ? 'json' : 'table', report, reportText);
  return code;
}
