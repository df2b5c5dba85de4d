/**
 * What the figures were measured on, and with.
 * @module
 */
import { cpus, release, totalmem } from 'node:os';
import { ensureEnvoy } from '../../scripts/envoy.ts';
import { run } from './run.ts';

export async function describeMachine(): Promise<readonly { readonly what: string; readonly is: string }[]> {
  const firstLine = async (...command: string[]): Promise<string> => {
    const { ok, stdout, stderr } = await run(command);
    return ok ? (stdout || stderr).trim().split('\n')[0]! : 'not there';
  };
  const envoy = await ensureEnvoy().catch(() => 'envoy');
  const processors = cpus();
  return [
    { what: 'CPU', is: `${processors.length} × ${processors[0]?.model ?? 'unknown'}` },
    { what: 'memory', is: `${Math.round(totalmem() / 2 ** 30)} GiB` },
    { what: 'kernel', is: release() },
    { what: 'Node', is: process.version },
    { what: 'Envoy', is: (await firstLine(envoy, '--version')).replace(/^.*version: /, '') },
    { what: 'Go', is: await firstLine('go', 'version') },
    { what: 'Rust', is: await firstLine('rustc', '--version') },
    { what: 'h2load', is: await firstLine('h2load', '--version') },
    { what: 'date', is: new Date().toISOString().slice(0, 16) },
  ];
}
