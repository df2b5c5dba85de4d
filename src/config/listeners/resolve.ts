/**
 * `listen` as the program uses it: paths absolute, TLS and permission bits as the table of listeners has them where the file says
 * nothing.
 * @module
 */
import { splitTcp } from '../fields.ts';
import type { ConfigDocument } from '../schema.ts';
import type { ListenConfig, ListenerConfig, OneSidedListener, UnixListener } from './listen-config.ts';
import { isLoopback } from './loopback.ts';
import { listeners } from './table.ts';

type Written = ConfigDocument['listen'];
type Absolute = (path: string) => string;
/** What holds where the file says nothing. */
type Defaults = Pick<(typeof listeners)[keyof ListenConfig], 'mode' | 'plain'>;

/** @param readers  the group that may read by the socket of the admin API */
export function resolveListen(listen: Written, readers: string | number | undefined, absolute: Absolute): ListenConfig {
  const optional = (written: Written['feed'], row: Defaults): ListenerConfig | undefined =>
    written === undefined ? undefined : listener(written, row, absolute);
  const oneSided = (written: Written['oidc']): OneSidedListener | undefined =>
    written === undefined ? undefined : oneSidedListener(written, absolute);
  const admin = (written: Written['extAuthz']): ListenerConfig => adminListener(written, readers, absolute);
  const [first, ...others] = Array.isArray(listen.admin) ? listen.admin : [listen.admin];
  return {
    workloadApi: unixListener(listen.workloadApi, listeners.workloadApi.mode, absolute),
    extAuthz: listener(listen.extAuthz, listeners.extAuthz, absolute),
    httpAuth: optional(listen.httpAuth, listeners.httpAuth),
    admin: [admin(first!), ...others.map(admin)], // the schema wants one
    health: listener(listen.health, listeners.health, absolute),
    feed: optional(listen.feed, listeners.feed),
    istioCa: optional(listen.istioCa, listeners.istioCa),
    xds: optional(listen.xds, listeners.xds),
    accessLog: optional(listen.accessLog, listeners.accessLog),
    bundle: oneSided(listen.bundle),
    oidc: oneSided(listen.oidc),
    admission: oneSided(listen.admission),
  };
}

/** @param mode  permission bits, unless the file says others */
export function unixListener(written: Written['workloadApi'], mode: number, absolute: Absolute): UnixListener {
  const given = typeof written === 'string' ? { path: written.replace(/^unix:/, '') } : written;
  return {
    kind: 'unix',
    path: absolute(given.path),
    mode:
      'mode' in given && given.mode !== undefined ? Number.parseInt(String(given.mode).replace(/^0?o/, ''), 8) : mode,
    owner: 'owner' in given && given.owner !== undefined ? String(given.owner) : undefined,
    group: 'group' in given && given.group !== undefined ? String(given.group) : undefined,
  };
}

function listener(written: Written['extAuthz'], { mode, plain }: Defaults, absolute: Absolute): ListenerConfig {
  if (typeof written === 'object' && 'path' in written) return unixListener(written, mode, absolute);
  const [text, tls] = typeof written === 'string' ? [written, undefined] : [written.address, written.tls];
  const tcp = splitTcp(text);
  if (tcp === undefined) return unixListener(text, mode, absolute);
  return { kind: 'tcp', ...tcp, tls: tls ?? (plain === 'never' || !isLoopback(tcp.host)) };
}

/** A group that may read may open the socket, unless the socket says otherwise. */
function adminListener(
  written: Written['extAuthz'],
  readers: string | number | undefined,
  absolute: Absolute,
): ListenerConfig {
  if (readers === undefined) return listener(written, listeners.admin, absolute);
  const made = listener(written, { ...listeners.admin, mode: 0o660 }, absolute);
  return made.kind === 'unix' ? { ...made, group: made.group ?? String(readers) } : made;
}

function oneSidedListener(written: NonNullable<Written['oidc']>, absolute: Absolute): OneSidedListener {
  const { address, tls } = typeof written === 'string' ? { address: written, tls: { cert: '', key: '' } } : written;
  const shown = tls.cert === '' && tls.key === '' ? undefined : { cert: absolute(tls.cert), key: absolute(tls.key) };
  return { kind: 'tcp', ...splitTcp(address)!, tls: true, shown }; // the schema has checked it
}
