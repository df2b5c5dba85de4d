/**
 * Naming the Workload API's socket on the command line.
 * @module
 */
import { Option } from 'commander';
import { unixPath } from '../terminal/unix-path.ts';

/** What the option `--socket` says. */
export interface SocketFlag {
  readonly socket?: string;
  readonly config: string;
}

/** The option `--socket`; without it the configuration file tells. */
export function socketOption(): Option {
  return new Option(
    '-s, --socket <address>',
    'socket of the Workload API: unix:PATH; else listen.workloadApi of --config',
  );
}

/** The address to call. @throws GatehouseError `config_invalid` if neither names one, or it is no socket */
export async function workloadSocket(flags: SocketFlag): Promise<string> {
  if (flags.socket !== undefined) return `unix:${unixPath('--socket', flags.socket)}`;
  const { loadConfig } = await import('../../config/read-config.ts');
  return `unix:${loadConfig(flags.config).listen.workloadApi.path}`;
}
