/**
 * How an API server is reached: its address, whom we believe there, and who we are to it.
 * @module
 */

/** What TLS needs; the same texts stand for the same connection. */
export interface TlsParts {
  /** PEM; undefined: the system's own roots. */
  readonly ca?: string | undefined;
  /** PEM, with its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name in the server's certificate, where it is not the host of the address. */
  readonly servername?: string | undefined;
}

/** Who we are to the API server, now. */
export interface Credentials {
  readonly tls: TlsParts;
  readonly token?: string | undefined;
}

/** One API server, and our credentials there. */
export interface ClusterAccess {
  /** `https://HOST:PORT`, perhaps with a path; no slash at its end. */
  readonly server: string;
  /**
   * The credentials as they are now; files are read anew when they have changed.
   *
   * @param refused  these were refused: get others, if others can be had
   * @throws GatehouseError `config_invalid`, `unreachable`
   */
  credentials(refused?: Credentials): Promise<Credentials>;
}
