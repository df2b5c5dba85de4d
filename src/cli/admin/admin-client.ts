/**
 * The client of the running server that the flags of a command name.
 * @module
 */
import { Option } from 'commander';
import type { AdminClient } from '../../admin-api/client.ts';
import { GatehouseError } from '../../errors.ts';
import { unixPath } from '../terminal/unix-path.ts';
import type { AdminEndpoint } from './admin-transport.ts';

/** What the options of a command say about the server that it asks. */
export interface AdminFlags {
  /** Read only where the configuration is needed. */
  readonly config: string;
  readonly admin?: string;
  readonly svid?: string;
}

/** The option `--admin`; without it the configuration file tells. */
export function adminOption(): Option {
  return new Option(
    '--admin <address>',
    'admin API: unix:PATH, or https://HOST:PORT with an SVID; else listen.admin of --config',
  );
}

/** The option `--svid`, for an admin API over mTLS. */
export function svidOption(): Option {
  return new Option(
    '--svid <source>',
    'who you are at https://…: a directory of `svid watch --write`, or unix:PATH of a Workload API; else that of --config',
  );
}

/** Creates a client of the server that the flags name. @throws GatehouseError `config_invalid`, `not_entitled`, `unreachable` */
export async function adminClient(flags: AdminFlags): Promise<AdminClient> {
  const endpoint = await endpointOf(flags);
  const [{ createAdminClient }, { createAdminTransport }] = await Promise.all([
    import('../../admin-api/client.ts'),
    import('./admin-transport.ts'),
  ]);
  return createAdminClient(createAdminTransport(endpoint));
}

async function endpointOf(flags: AdminFlags): Promise<AdminEndpoint> {
  const address = flags.admin ?? (await adminOf(flags.config, flags.svid !== undefined));
  if (!address.startsWith('https:')) {
    const socketPath = unixPath('--admin', address, ' or https://HOST:PORT');
    return { address: `unix:${socketPath}`, options: { socketPath }, tls: false };
  }
  const { adminTls } = await import('./admin-tls.ts');
  const { hostname, port, host } = urlOf(address);
  const tls = await adminTls(flags.svid, () => configOf(flags));
  const name = hostname.replace(/^\[|\]$/g, '');
  return {
    address: `https://${host}`,
    options: { host: name, port: port === '' ? 443 : Number(port), ...tls },
    tls: true,
  };
}

/** Who asks over TLS shows an SVID, of the Workload API that the configuration names where `--svid` says nothing. */
function configOf(flags: AdminFlags): string {
  try {
    return flags.config;
  } catch (thrown) {
    throw new GatehouseError(
      'config_invalid',
      `--admin ${flags.admin}: that server wants to know who you are; give --svid DIRECTORY or --svid unix:PATH, since no configuration names a Workload API`,
      {},
      { cause: thrown },
    );
  }
}

function urlOf(address: string): URL {
  if (URL.canParse(address)) return new URL(address);
  throw new GatehouseError('config_invalid', `--admin: ${address} is not https://HOST:PORT`);
}

/** Of several addresses the first socket, or the first over TCP for who shows an SVID; else the first. */
async function adminOf(config: string, showsSvid: boolean): Promise<string> {
  const { loadConfig } = await import('../../config/read-config.ts');
  const admins = loadConfig(config).listen.admin;
  const admin = admins.find(({ kind }) => kind === (showsSvid ? 'tcp' : 'unix')) ?? admins[0];
  if (admin.kind === 'unix') return `unix:${admin.path}`;
  return `https://${admin.host.includes(':') ? `[${admin.host}]` : admin.host}:${admin.port}`;
}
