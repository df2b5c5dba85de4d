/**
 * One PostgreSQL server, or what stands behind one address: its connections, and whether it can be written to.
 * @module
 */
import { connect, type Socket } from 'node:net';
import postgres, { type Sql } from 'postgres';
import { verifiedTls } from './tls.ts';

export interface PostgresHost extends AsyncDisposable {
  /** `db1:5432`, for people. */
  readonly name: string;
  readonly sql: Sql;
  /** Resolves when it can be written to. @throws Error with the reason why not, name included */
  look(): Promise<void>;
  /** The number of its history: each promotion begins a new one. 0 where it does not say. */
  timeline(): Promise<number>;
}

export interface HostAddress {
  readonly name: string;
  /** With this host alone. */
  readonly url: string;
}

const DEFAULT_PORT = '5432';

/**
 * Cuts `postgres://user@one:5432,two/database` into an URL a host. A host without a port has that of the first.
 */
export function hostsOf(url: string): HostAddress[] {
  const [, before = '', hosts = '', after = ''] = /^([a-z]+:\/\/(?:[^@/?]*@)?)([^/?]*)(.*)$/s.exec(url) ?? [];
  const all = hosts.split(',');
  const port = portOf(all[0]!) ?? DEFAULT_PORT;
  return all.map((host) => {
    const name = portOf(host) === undefined ? `${host}:${port}` : host;
    return { name: decodeURIComponent(name), url: before + name + after };
  });
}

const portOf = (host: string): string | undefined => /:(\d+)$/.exec(host)?.[1];

const CONNECT_SECONDS = 5;
/** A server that does not answer so long is taken to be frozen: its connections are given up. */
const LOOK_MS = 4_000;

/** What the driver says of a connection that it has left again because the server is a standby. */
export const LEFT_AGAIN = 'CONNECTION_DESTROYED';

/** Makes the connections of one host; none is open before it is asked something. */
export function createPostgresHost({ name, url }: HostAddress): PostgresHost {
  const sockets = new Set<Socket>();
  const sql = postgres(url, {
    ...verifiedTls(url),
    max: 4,
    fetch_types: false,
    connect_timeout: CONNECT_SECONDS,
    idle_timeout: 60,
    backoff: (attempts) => Math.min(0.1 * 2 ** attempts, 1),
    // Each connection by itself: behind an address another server may stand tomorrow. The driver's `read-write` would take a
    // standby, which tells `default_transaction_read_only = off`.
    target_session_attrs: 'primary',
    onnotice: () => undefined,
    connection: {
      application_name: 'gatehouse',
      synchronous_commit: 'on',
      statement_timeout: 10_000,
      lock_timeout: 10_000,
      idle_in_transaction_session_timeout: 10_000,
    } as object,
    // The driver writes at once, which waits in the socket until it is connected; an error comes to it as from its own.
    socket: (options: DriverOptions) => {
      const socket = dial(options);
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      return socket;
    },
  } as postgres.Options<Record<string, never>>); // `socket` is in the driver's documentation, and not in its types
  /** The driver's own way waits for a goodbye, which a frozen server never says. */
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const ask = async (): Promise<void> => {
    const [row] =
      await sql`SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS read_only`;
    if (row?.['standby'] === true) throw new Error(`${name} is a standby`);
    if (row?.['read_only'] === 'on') throw new Error(`${name} is read-only (default_transaction_read_only)`);
  };
  return {
    name,
    sql,
    async look() {
      try {
        await within(LOOK_MS, ask());
      } catch (thrown) {
        cut(); // what it is connected to is of no use; the next look makes a new connection
        throw thrown instanceof Error && thrown.message.startsWith(name) ? thrown : new Error(whyNot(name, thrown));
      }
    },
    async timeline() {
      const [row] = await sql`SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline`;
      return Number.parseInt(String(row?.['timeline']), 16) || 0;
    },
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 2 });
      cut();
    },
  };
}

/** What the driver gives to `socket`: lists of one. */
interface DriverOptions {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path?: string | false;
}

function dial({ host, port, path }: DriverOptions): Socket {
  if (path) return connect(path);
  // The driver checks a certificate against this name.
  return Object.assign(connect(port[0]!, host[0]), { host: host[0] });
}

/** Resolves with the work. @throws Error when the time is over first */
export async function within<T>(timeMs: number, work: Promise<T>): Promise<T> {
  const silence = Promise.withResolvers<never>();
  const timer = setTimeout(() => silence.reject(new Error(`no answer within ${timeMs} ms`)), timeMs);
  try {
    return await Promise.race([work, silence.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function whyNot(name: string, thrown: unknown): string {
  return codeOf(thrown) === LEFT_AGAIN ? `${name} is a standby` : `${name}: ${reasonOf(thrown)}`;
}

/** The driver's code, Node's, or PostgreSQL's SQLSTATE. */
export function codeOf(thrown: unknown): string | undefined {
  const code: unknown = (thrown as { code?: unknown } | null)?.code; // whatever was thrown
  return typeof code === 'string' ? code : undefined;
}

/** One sentence; several attempts at one name come as an error of errors without a text. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '') return thrown.errors.map(reasonOf).join(', ');
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
}
