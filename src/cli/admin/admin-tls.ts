/**
 * The SVID that an operator shows at an admin API over mTLS, and the servers that are accepted.
 * @module
 */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PeerCertificate } from 'node:tls';
import { GatehouseError } from '../../errors.ts';
import { readRegularFileSync } from '../../lib/regular-file.ts';
import { authorityIdOf, deciderIdOf } from '../../spiffe/own-ids.ts';
import { parseSpiffeId, trustDomainOf } from '../../spiffe/spiffe-id.ts';
import { workloadSocket } from '../svid/socket-option.ts';
import type { PemSvid } from '../svid/svid-pem.ts';

/** Long enough for a handshake, whatever the clocks say; a rotation must not wait for commands that are long over. */
const ONE_COMMAND_SECONDS = 60;
const MOST_PEM_BYTES = 4 * 1024 * 1024;

/** What a TLS client of Node needs to show an SVID and to accept only Gatehouse. */
export interface TlsConnectOptions {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly minVersion: 'TLSv1.2';
  /** Whatever the environment says. */
  readonly rejectUnauthorized: true;
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

type Own = Pick<PemSvid, 'chainPem' | 'keyPem' | 'bundlePem'>;

/**
 * Finds the SVID to show. The server must be Gatehouse of the same trust domain; its host name does not matter.
 *
 * @param source  a directory with `svid.pem`, `key.pem`, `bundle.pem`, or `unix:PATH` of a Workload API; absent: that of the configuration
 * @throws GatehouseError `config_invalid`, or as `fetchX509Svids`
 */
export async function adminTls(source: string | undefined, config: () => string): Promise<TlsConnectOptions> {
  const own = source === undefined || source.startsWith('unix:') ? await fetched(source, config) : written(source);
  const trustDomain = trustDomainOf(idOf(new X509Certificate(own.chainPem).subjectAltName ?? ''));
  const accepted: readonly string[] = [authorityIdOf(trustDomain), deciderIdOf(trustDomain)];
  return {
    cert: own.chainPem,
    key: own.keyPem,
    ca: own.bundlePem,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    checkServerIdentity(host, { subjectaltname = '' }) {
      const found = uriOf(subjectaltname);
      if (found !== undefined && accepted.includes(found)) return undefined;
      return new GatehouseError(
        'unreachable',
        `${host} is ${found ?? 'nobody with a SPIFFE ID'}, not ${accepted.join(' or ')}`,
        {
          found,
          accepted,
        },
      );
    },
  };
}

async function fetched(source: string | undefined, config: () => string): Promise<Own> {
  const [{ fetchX509Svids }, { pemSvids }] = await Promise.all([
    import('../svid/workload-client.ts'),
    import('../svid/svid-pem.ts'),
  ]);
  const socket = source ?? (await workloadSocket({ config: config() }));
  for await (const message of fetchX509Svids(socket, AbortSignal.timeout(10_000), {
    lifeSeconds: ONE_COMMAND_SECONDS,
  })) {
    const [first] = pemSvids(message).svids;
    if (first !== undefined) return first;
  }
  throw new GatehouseError('unreachable', `the Workload API at ${socket} gave no SVID within ten seconds`);
}

function written(directory: string): Own {
  const read = (name: string): string => {
    const path = join(directory, name);
    if (existsSync(path)) return readRegularFileSync(path, MOST_PEM_BYTES).toString('utf8');
    throw new GatehouseError(
      'config_invalid',
      `--svid: there is no ${path}; \`svid watch --write ${directory}\` makes it`,
    );
  };
  return { chainPem: read('svid.pem'), keyPem: read('key.pem'), bundlePem: read('bundle.pem') };
}

function uriOf(names: string): string | undefined {
  return /(?:^|, )URI:([^,"]+)/.exec(names)?.[1];
}

function idOf(names: string) {
  const uri = uriOf(names);
  if (uri !== undefined) return parseSpiffeId(uri);
  throw new GatehouseError('config_invalid', '--svid: that certificate has no SPIFFE ID');
}
