/**
 * `listen` as the program uses it.
 * @module
 */

/** A unix socket that we listen on. */
export interface UnixListener {
  readonly kind: 'unix';
  readonly path: string;
  /** Permission bits, such as 0o660. */
  readonly mode: number;
  /** Name or number; undefined: the server's own. */
  readonly owner: string | undefined;
  readonly group: string | undefined;
}

/** A TCP address that we listen on. */
export interface TcpListener {
  readonly kind: 'tcp';
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** With an SVID of our own; false only on loopback. */
  readonly tls: boolean;
}

/** Where we listen, one way or the other. */
export type ListenerConfig = UnixListener | TcpListener;

/** A TCP listener whose callers need no certificate of ours. */
export interface OneSidedListener extends TcpListener {
  /** PEM files that are shown; undefined: an SVID of our own. */
  readonly shown: { readonly cert: string; readonly key: string } | undefined;
}

/** Every listener, by what it serves. */
export interface ListenConfig {
  readonly workloadApi: UnixListener;
  readonly extAuthz: ListenerConfig;
  /** At least one. */
  readonly admin: readonly [ListenerConfig, ...ListenerConfig[]];
  readonly health: ListenerConfig;
  /** For deciders elsewhere; undefined: none. */
  readonly feed: ListenerConfig | undefined;
  /** Istio's CA API; undefined: none. */
  readonly istioCa: ListenerConfig | undefined;
  /** Policies for Envoys that decide themselves; undefined: on the Workload API's socket alone. */
  readonly xds: ListenerConfig | undefined;
  readonly accessLog: ListenerConfig | undefined;
  /** The bundle for other trust domains; undefined: none. */
  readonly bundle: OneSidedListener | undefined;
  /** Discovery and keys for OIDC clients; undefined: none. */
  readonly oidc: OneSidedListener | undefined;
  /** The cluster's admission webhook; undefined: none. */
  readonly admission: OneSidedListener | undefined;
  /** Of proxies that ask by HTTP. */
  readonly httpAuth: ListenerConfig | undefined;
}
