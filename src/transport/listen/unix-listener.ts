/**
 * Unix listeners that appear ready: the path shows up with its final mode and owner, and a living server's path is never taken.
 * @module
 */

import { once } from 'node:events';
import { closeSync, existsSync, fchmodSync, lstatSync, mkdirSync, renameSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { basename, dirname } from 'node:path';
import { asGatehouseError, GatehouseError } from '../../errors.ts';
import type { Listener, ListenOptions, UnixAddress } from './listen-address.ts';
import { beneath, makeOwnDirectory, openDirectory, openOwn } from './own-directory.ts';
import { give, ownerOf } from './socket-owner.ts';

/** What `sockaddr_un` holds besides the final zero byte. */
const MAX_PATH_BYTES = 107;
const BACKLOG = 1024;
/** How often it is looked whether the path still leads here. */
const LOOK_MS = 2_000;

/**
 * Listens on a unix socket. It is bound in a directory that nobody else may enter, gets owner and mode there, and is then moved to
 * its path: whoever may write the directory above can swap nothing on the way. A path that was removed since, with its directory or
 * alone, is made again within seconds, and the server's `error` listeners are told; connections that stand notice nothing.
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
  const server = createServer(options);
  try {
    if (address.makeParents) makeParents(dirname(path));
    await assertFree(path);
    const kept = keep(server, address, await publish(server, address));
    return {
      server,
      address,
      async [Symbol.asyncDispose]() {
        kept[Symbol.dispose](); // before the server stops, so that nobody finds a name that does not answer
        if (server.listening) server.close(); // its callback would wait for the connections
      },
    };
  } catch (thrown) {
    server.close();
    throw explain(thrown, address);
  }
}

/** The name of a socket, put where its address says; disposing takes it away from there, if it is still its own. */
interface PublishedName extends Disposable {
  /** Whether the path leads to it. */
  isThere(): boolean;
}

/** Puts the name back whenever it is lost, unless another has it by now. */
function keep(server: Server, address: UnixAddress, first: PublishedName): Disposable {
  let name = first;
  let told = '';
  let isOver = false;
  let isBusy = false;
  const tell = (text: string): void => {
    if (text !== '' && text !== told && server.listenerCount('error') > 0)
      server.emit('error', new GatehouseError('address_in_use', text, { path: address.path }));
    told = text;
  };
  const putBack = async (): Promise<void> => {
    const lost = `unix:${address.path} was taken away from this server`;
    try {
      if (address.makeParents) makeParents(dirname(address.path));
      await assertFree(address.path);
      if (isOver) return;
      name[Symbol.dispose]();
      server.close(); // of the name that nobody finds: what is connected stays
      name = await publish(server, address);
      tell(`${lost}, and was put back`);
      told = '';
    } catch (thrown) {
      tell(`${lost}, and is not put back: ${asGatehouseError(explain(thrown, address)).message}`);
    }
    if (isOver) name[Symbol.dispose]();
  };
  const timer = setInterval(() => {
    if (isBusy || name.isThere()) return;
    isBusy = true;
    void putBack().finally(() => {
      isBusy = false;
    });
  }, LOOK_MS).unref();
  return {
    [Symbol.dispose]() {
      isOver = true;
      clearInterval(timer);
      name[Symbol.dispose]();
    },
  };
}

async function publish(server: Server, address: UnixAddress): Promise<PublishedName> {
  const owner = ownerOf(address);
  const parent = openDirectory(dirname(address.path));
  try {
    using own = makeOwnDirectory(parent);
    const listening = once(server, 'listening');
    server.listen({ path: own.path, backlog: BACKLOG });
    await listening;
    give(own.path, owner, address);
    const bound = lstatSync(own.path);
    const named = beneath(parent, basename(address.path));
    renameSync(own.path, named);
    let isOpen = true;
    const isItself = (path: string): boolean => {
      const found = lstatSync(path, { throwIfNoEntry: false });
      return found?.ino === bound.ino && found.dev === bound.dev;
    };
    return {
      isThere() {
        try {
          return isItself(address.path);
        } catch {
          return false; // it cannot be looked at: putting it back says why
        }
      },
      [Symbol.dispose]() {
        if (!isOpen) return;
        isOpen = false;
        try {
          if (isItself(named)) unlinkSync(named);
        } catch {
          // Somebody else took it away, or swaps it at this moment: then it is not ours.
        }
        closeSync(parent);
      },
    };
  } catch (thrown) {
    closeSync(parent);
    throw thrown;
  }
}

function makeParents(directory: string): void {
  if (existsSync(directory)) return;
  makeParents(dirname(directory));
  mkdirSync(directory, { mode: 0o700 });
  const made = openOwn(directory);
  try {
    fchmodSync(made, 0o755); // whatever the umask
  } finally {
    closeSync(made);
  }
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
