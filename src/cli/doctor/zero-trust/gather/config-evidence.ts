/**
 * What a configuration says of the requirements.
 * @module
 */
import type { Config } from '../../../../config/config.ts';
import { isLoopback } from '../../../../config/listeners/loopback.ts';
import { listenersOf } from '../../../../config/listeners/table.ts';
import type { ConfigEvidence } from '../evidence.ts';

/** What of a configuration the requirements ask. */
export function configEvidence({ extAuthz, policies, listen, store }: Config): ConfigEvidence {
  return {
    verifyPeer: extAuthz.verifyPeer,
    networkPlane: policies.planes.l4,
    hops: policies.hops,
    plainListeners: listenersOf(listen).flatMap(({ name, at }) =>
      at.kind === 'tcp' && !at.tls && !isLoopback(at.host) ? [`${name} ${at.host}:${at.port}`] : [],
    ),
    store: store.kind === 'sqlite' ? 'local' : postgresTls(store.url),
  };
}

const encrypted = new Set(['require', 'verify-ca', 'verify-full', 'no-verify', 'true', '1']);

/** As the driver reads the address; without a mode it asks in plain. */
function postgresTls(url: string): ConfigEvidence['store'] {
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  const authority = /^[a-z]+:\/\/(?:[^@/]*@)?([^/?]*)/.exec(url)?.[1] ?? '';
  const hosts = [...authority.split(','), ...(query.get('host') ?? '').split(',')].filter((host) => host !== '');
  const isHere = (host: string): boolean =>
    host.startsWith('/') || host.startsWith('%2F') || isLoopback(host.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
  if (hosts.every(isHere)) return 'local';
  const mode = query.get('sslmode') ?? query.get('ssl') ?? process.env['PGSSL'] ?? '';
  if (query.get('sslrootcert') === 'system' || encrypted.has(mode)) return 'encrypted';
  return mode === 'prefer' || mode === 'allow' ? 'maybe' : 'plain';
}
