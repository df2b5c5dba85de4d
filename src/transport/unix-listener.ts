/**
 * Unix listeners that appear ready: the path shows up with its final mode and owner, and a living server's path is never taken.
 * @module
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { GatehouseError } from '../errors.ts';
import { createAccounts } from '../lib/accounts.ts';
import type { Listener, ListenOptions, UnixAddress } from './listen-address.ts';

/** What `sockaddr_un` holds besides the final zero byte. */
const MAX_PATH_BYTES = 107;
const BACKLOG = 1024;

/**
 * Listens on a unix socket. It is bound under a private name, gets owner and mode, and is then renamed to its path.
 *
 * @throws GatehouseError `config_invalid` (path too long, no such user, not permitted), `address_in_use` (somebody answers there, or it is no socket)
 */
export async function listenUnix(address: UnixAddress, options: ListenOptions = {}): Promise<Listener> {
  const { path } = address;
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH_BYTES) {
    throw new GatehouseError(
      'config_invalid',
      `the socket path ${path} has ${bytes} bytes, and a unix socket can have ${MAX_PATH_BYTES}: choose a shorter one`,
      { path, bytes, maxBytes: MAX_PATH_BYTES },
    );
  }
  if (address.makeParents) makeParents(dirname(path));
  await assertFree(path);
  const server = createServer(options);
  try {
    await publish(server, address);
  } catch (thrown) {
    server.close();
    throw explain(thrown, address);
  }
  const inode = lstatSync(path).ino;
  return {
    server,
    address,
    async [Symbol.asyncDispose]() {
      // Taken away before the server stops, so that nobody finds a name that does not answer; only if it is still ours.
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === inode) unlinkSync(path);
      if (server.listening) server.close(); // its callback would wait for the connections
    },
  };
}

/** Binding through the directory's descriptor keeps a private name within the limit however long the path is. */
async function publish(server: Server, address: UnixAddress): Promise<void> {
  const directory = openSync(dirname(address.path), 'r');
  const privateName = `.${basename(address.path).slice(0, 8)}-${randomBytes(6).toString('hex')}`;
  const privatePath = join(dirname(address.path), privateName);
  try {
    const listening = once(server, 'listening');
    const umask = process.umask(0o177); // nobody else can connect before owner and mode are set
    try {
      server.listen({ path: `/proc/self/fd/${directory}/${privateName}`, backlog: BACKLOG });
    } finally {
      process.umask(umask);
    }
    await listening;
    const { uid, gid } = ownerOf(address);
    if (uid !== undefined || gid !== undefined) chownSync(privatePath, uid ?? -1, gid ?? -1);
    chmodSync(privatePath, address.mode);
    renameSync(privatePath, address.path);
  } catch (thrown) {
    if (existsSync(privatePath)) unlinkSync(privatePath);
    throw thrown;
  } finally {
    closeSync(directory);
  }
}

function ownerOf({ path, owner, group }: UnixAddress): { uid: number | undefined; gid: number | undefined } {
  const accounts = createAccounts();
  const number = (name: string | undefined, find: (name: string) => number | undefined, what: string) => {
    if (name === undefined || name === '') return undefined;
    if (/^\d+$/.test(name)) return Number(name);
    const found = find(name);
    if (found !== undefined) return found;
    throw new GatehouseError(
      'config_invalid',
      `${what} ${JSON.stringify(name)} of the socket ${path} is not known on this machine: create it, or give its number`,
      { path, [what]: name },
    );
  };
  return { uid: number(owner, accounts.uidOf, 'owner'), gid: number(group, accounts.gidOf, 'group') };
}

function makeParents(directory: string): void {
  if (existsSync(directory)) return;
  makeParents(dirname(directory));
  mkdirSync(directory);
  chmodSync(directory, 0o755); // whatever the umask
}

async function assertFree(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new GatehouseError('address_in_use', `${path} exists and is no socket: remove it, or listen somewhere else`, {
      path,
    });
  }
  const problem = await probe(path);
  if (problem === 'ECONNREFUSED' || problem === 'ENOENT') return; // stale: nobody listens; the rename replaces it
  throw new GatehouseError(
    'address_in_use',
    problem === undefined
      ? `a running server answers at ${path}: stop it, or listen somewhere else`
      : `${path} cannot be tried (${problem}), so it may be in use: remove it if no server runs, or listen somewhere else`,
    { path },
  );
}

/** The error code of a connection attempt, or undefined if somebody accepted. */
function probe(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

function explain(thrown: unknown, { path }: UnixAddress): unknown {
  if (thrown instanceof GatehouseError) return thrown;
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined; // Node's own errors have one
  const hint =
    code === 'ENOENT'
      ? 'its directory does not exist'
      : code === 'EPERM' || code === 'EACCES'
        ? 'not permitted'
        : String(thrown);
  return new GatehouseError(
    'config_invalid',
    `cannot listen on unix:${path}: ${hint}`,
    { path, cause: code },
    { cause: thrown },
  );
}
