/**
 * What there is to know of each key of `listen`, one row a listener, in the order of the file.
 * @module
 */
import type { Config, Role } from '../config.ts';
import type { ListenConfig, ListenerConfig, OneSidedListener } from './listen-config.ts';

/** A key of `listen`. */
export type ListenerName = keyof ListenConfig;

interface ListenerRow {
  /** Whether it may be left out of the file: then we listen nowhere. */
  readonly optional: boolean;
  /** The role without which it is not opened; undefined: every server opens it. */
  readonly role: Role | undefined;
  /** Where TCP may be without TLS. */
  readonly plain: 'loopback' | 'never';
  /** Permission bits of its unix socket, unless the file says others. */
  readonly mode: number;
  /** Which of our own identities is shown, unless the file names a certificate. */
  readonly tls: 'primary' | 'deciders' | 'admission' | 'documents' | 'none';
  /** How metrics and limits call it. */
  readonly label: string;
}

/** `optional` is what `ListenConfig` says. */
type Rows = {
  readonly [Name in ListenerName]: ListenerRow & {
    readonly optional: undefined extends ListenConfig[Name] ? true : false;
  };
};

/** All of them. */
export const listeners = {
  workloadApi: { optional: false, role: 'authority', plain: 'never', mode: 0o666, tls: 'none', label: 'workload-api' },
  extAuthz: { optional: false, role: 'decider', plain: 'loopback', mode: 0o660, tls: 'deciders', label: 'ext-authz' },
  httpAuth: { optional: true, role: 'decider', plain: 'loopback', mode: 0o660, tls: 'deciders', label: 'http-auth' },
  admin: { optional: false, role: undefined, plain: 'never', mode: 0o600, tls: 'primary', label: 'admin' },
  health: { optional: false, role: undefined, plain: 'loopback', mode: 0o660, tls: 'primary', label: 'health' },
  feed: { optional: true, role: 'authority', plain: 'never', mode: 0o600, tls: 'primary', label: 'feed' },
  istioCa: { optional: true, role: 'authority', plain: 'never', mode: 0o600, tls: 'primary', label: 'istio-ca' },
  xds: { optional: true, role: undefined, plain: 'never', mode: 0o600, tls: 'primary', label: 'xds' },
  accessLog: { optional: true, role: undefined, plain: 'never', mode: 0o600, tls: 'primary', label: 'access-log' },
  bundle: { optional: true, role: 'authority', plain: 'never', mode: 0o600, tls: 'documents', label: 'bundle' },
  oidc: { optional: true, role: 'authority', plain: 'never', mode: 0o600, tls: 'documents', label: 'oidc' },
  admission: { optional: true, role: undefined, plain: 'never', mode: 0o600, tls: 'admission', label: 'admission' },
} as const satisfies Rows;

/** What metrics and limits call one of them. */
export type ListenerLabel = (typeof listeners)[ListenerName]['label'];

/** One that is to be opened. */
export interface NamedListener {
  readonly name: ListenerName;
  readonly row: ListenerRow;
  /** Where it stands in the file. */
  readonly path: readonly (string | number)[];
  readonly at: ListenerConfig | OneSidedListener;
}

/** Those that a configuration names. */
export function listenersOf(listen: ListenConfig): readonly NamedListener[] {
  const names = Object.keys(listeners) as ListenerName[]; // its own keys
  return names.flatMap((name) => {
    const written: ListenConfig[ListenerName] = listen[name];
    if (written === undefined) return [];
    const several = 'kind' in written ? [written] : written;
    return several.map((at, i) => ({
      ...{ name, row: listeners[name], at },
      path: several.length === 1 ? ['listen', name] : ['listen', name, i],
    }));
  });
}

/** Those of them that a server of its roles opens. */
export function openedListeners({ listen, roles }: Pick<Config, 'listen' | 'roles'>): readonly NamedListener[] {
  return listenersOf(listen).filter(({ row: { role } }) => role === undefined || roles.includes(role));
}
