/**
 * Naming the Workload API's socket on the command line.
 * @module
 */
import { Option } from 'commander';

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

/** The address to call. @throws GatehouseError `config_invalid` if neither names one */
export async function workloadSocket(flags: SocketFlag): Promise<string> {
  if (flags.socket !== undefined) return flags.socket;
  const { loadConfig } = await import('../../config/read-config.ts');
  return `unix:${loadConfig(flags.config).listen.workloadApi.path}`;
}
