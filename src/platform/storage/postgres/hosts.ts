/**
 * Of several PostgreSQL servers the one that can be written to: found at start, and again whenever a statement says that it may
 * be another by now.
 * @module
 */
import type { Sql } from 'postgres';
import { codeOf, createPostgresHost, hostsOf, LEFT_AGAIN, type PostgresHost } from './host.ts';

/** The servers of one address, of which the one that can be written to is used. */
export interface PostgresHosts extends AsyncDisposable {
  /** Statements go to the host that `ready` has found. */
  readonly sql: Sql;
  /** Resolves when one is known that can be written to. @throws Error that names every host and why it cannot */
  ready(): Promise<void>;
  /**
   * Hears what a statement threw; the next `ready` looks again if that may be because of the host.
   * @returns whether the statement certainly did nothing, and may be given again
   */
  failed(thrown: unknown): boolean;
}

/** How long the others may take to answer when one already can be written to. */
const OTHERS_MS = 500;

/** Nothing was sent: no connection, or no session on it. */
const notConnected = new Set([
  LEFT_AGAIN,
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EMFILE',
  'CONNECT_TIMEOUT',
  /** too_many_connections */
  '53300',
  /** cannot_connect_now: it starts, or stops */
  '57P03',
]);
/** read_only_sql_transaction */
const READ_ONLY = '25006';

/** Everything else that means the server or the way to it, not the statement: what was sent may have been done. */
const isLoss = (code: string | undefined): boolean =>
  code === undefined || !/^[0-9A-Z]{5}$/.test(code) || /^(08|57P|XX|58)/.test(code);

/** Knows the hosts of `postgres://user@one,two/database`; connects to none before `ready`. */
export function createPostgresHosts(url: string): PostgresHosts {
  const hosts = hostsOf(url).map(createPostgresHost);
  let chosen = hosts[0]!; // there is one, if only an empty name
  let looking: Promise<void> | undefined;
  let inDoubt = true;

  const choose = async (): Promise<void> => {
    chosen = await writable(hosts, chosen);
    inDoubt = false;
  };
  const sql = new Proxy(chosen.sql, {
    apply: (_, __, args) => Reflect.apply(chosen.sql, undefined, args),
    get: (_, key) => Reflect.get(chosen.sql, key),
  });
  return {
    sql,
    async ready() {
      if (!inDoubt) return;
      looking ??= choose().finally(() => {
        looking = undefined;
      });
      await looking;
    },
    failed(thrown) {
      const code = codeOf(thrown);
      const certainly = code !== undefined && (notConnected.has(code) || code === READ_ONLY);
      if (certainly || isLoss(code)) inDoubt = true;
      return certainly;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()));
    },
  };
}

/**
 * Looks at all hosts at once. Where several can be written to, an old primary came again beside the one that was promoted: the
 * newest history is the true one.
 *
 * @param last  the one before, which stays where nothing else speaks against it
 */
async function writable(hosts: readonly PostgresHost[], last: PostgresHost): Promise<PostgresHost> {
  const able: PostgresHost[] = [];
  const looks = hosts.map(async (host) => {
    await host.look();
    able.push(host);
  });
  try {
    await Promise.any(looks);
  } catch (thrown) {
    const whys = (thrown as AggregateError).errors as Error[]; // Promise.any throws nothing else, and look only errors
    const text = whys.map(({ message }) => message).join('; ');
    throw new Error(hosts.length === 1 ? text : `no host can be written to: ${text}`, { cause: thrown });
  }
  if (hosts.length > 1) await settledWithin(OTHERS_MS, looks);
  if (able.length < 2) return able[0]!;
  const ages = await Promise.all(able.map((host) => host.timeline().catch(() => 0)));
  const newest = able.filter((_, i) => ages[i] === Math.max(...ages));
  return newest.includes(last) ? last : hosts.find((host) => newest.includes(host))!; // newest is not empty
}

async function settledWithin(timeMs: number, work: readonly Promise<unknown>[]): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, timeMs);
  await Promise.race([Promise.allSettled(work), over.promise]);
  clearTimeout(timer);
}
