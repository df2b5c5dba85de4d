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
export async function workloadSocket({ socket, config }: SocketFlag): Promise<string> {
  if (socket !== undefined) return socket;
  const { loadConfig } = await import('../../config/read-config.ts');
  return `unix:${loadConfig(config).listen.workloadApi.path}`;
}
