/**
 * Whether every listener can be opened, or answers where the server runs.
 * @module
 */
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { ListenerConfig, TcpListener, UnixListener } from '../../config/listeners/listen-config.ts';
import { openedListeners } from '../../config/listeners/table.ts';
import type { Accounts } from '../../lib/accounts.ts';
import { bad, good, type Outcome } from './outcome.ts';
import { lookAt } from './store.ts';

const ANSWER_MS = 3_000;

/** @param runs  whether the server of this configuration has been seen to run */
export async function checkSockets(config: Config, accounts: Accounts, runs: boolean): Promise<readonly Outcome[]> {
  const looks = listenersOf(config).map(async ([name, listener]) => [
    ...(listener.kind === 'unix' ? ownerFaults(name, listener, accounts) : []),
    await (runs ? answers(name, listener) : isFree(name, listener)),
  ]);
  return (await Promise.all(looks)).flat();
}

/** Owners and groups of sockets that this machine does not have, whoever runs. */
export function checkSocketOwners(config: Config, accounts: Accounts): readonly Outcome[] {
  return listenersOf(config).flatMap(([name, listener]) =>
    listener.kind === 'unix' ? ownerFaults(name, listener, accounts) : [],
  );
}

/** Those that a server of these roles opens. */
function listenersOf(config: Config): readonly (readonly [name: string, ListenerConfig])[] {
  const ofWorkloads = config.roles.includes('authority') ? config.workloads : [];
  return [
    ...openedListeners(config).map(({ name, at }) => [`listen.${name}`, at] as const),
    ...ofWorkloads.flatMap(({ namespace, serviceAccount, socket }) =>
      socket === undefined ? [] : [[`socket of ${namespace}/${serviceAccount}`, socket] as const],
    ),
  ];
}

function ownerFaults(name: string, { owner, group }: UnixListener, { uidOf, gidOf }: Accounts): Outcome[] {
  const isKnown = (text: string, find: (name: string) => number | undefined): boolean =>
    /^\d+$/.test(text) || find(text) !== undefined;
  const wanted = [
    ['user', owner, uidOf],
    ['group', group, gidOf],
  ] as const;
  return wanted.flatMap(([what, text, find]) =>
    text === undefined || isKnown(text, find)
      ? []
      : [
          bad(
            `${what}-unknown`,
            `${name}: there is no ${what} ${text} on this machine`,
            `make it (${what}add --system ${text}), or give its number`,
          ),
        ],
  );
}

const addressOf = (listener: ListenerConfig): string =>
  listener.kind === 'unix'
    ? `unix:${listener.path}`
    : `${listener.host.includes(':') ? `[${listener.host}]` : listener.host}:${listener.port}`;

/** An address for every interface is reached by loopback. */
const hostToReach = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host);

/** What a connection meets: undefined if somebody accepts it. */
function reach(listener: ListenerConfig): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket =
      listener.kind === 'unix' ? connect(listener.path) : connect(listener.port, hostToReach(listener.host));
    const end = (why: string | undefined): void => {
      socket.destroy();
      resolve(why);
    };
    socket.setTimeout(ANSWER_MS, () => end('ETIMEDOUT'));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

async function answers(name: string, listener: ListenerConfig): Promise<Outcome> {
  const address = addressOf(listener);
  if (listener.kind === 'tcp' && listener.port === 0) return good('listener', `${name}: any free port`);
  const why = await reach(listener);
  if (why === undefined) return good('listener', `${name}: ${address} answers`);
  if (why === 'EACCES') return good('listener-closed', `${name}: ${address} is there, and not open to you`);
  return bad(
    'listener-silent',
    `${name}: nobody answers at ${address} (${why})`,
    'the server was started with other addresses: restart it',
  );
}

async function isFree(name: string, listener: ListenerConfig): Promise<Outcome> {
  return listener.kind === 'unix' ? isPathFree(name, listener) : isPortFree(name, listener);
}

async function isPathFree(name: string, listener: UnixListener): Promise<Outcome> {
  const { path } = listener;
  const found = lookAt(path);
  if (found === undefined) {
    let parent = dirname(path);
    while (lookAt(parent) === undefined) parent = dirname(parent);
    return lookAt(parent)?.isDirectory() === true || lookAt(parent)?.isSymbolicLink() === true
      ? good('listener-free', `${name}: ${path} can be made`)
      : bad(
          'listener-place',
          `${name}: ${parent} is no directory, so ${path} cannot be made`,
          'move it away, or choose another path',
        );
  }
  if (!found.isSocket()) {
    return bad(
      'listener-taken',
      `${name}: ${path} is no socket, and is not replaced`,
      'move it away, or choose another path',
    );
  }
  return (await reach(listener)) === undefined
    ? bad(
        'listener-taken',
        `${name}: another process listens at ${path}`,
        `ss -lxp names it; stop it, or choose another path`,
      )
    : good('listener-free', `${name}: ${path} is left of a server that ended; the next one takes it`);
}

function isPortFree(name: string, { host, port }: TcpListener): Promise<Outcome> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', ({ code = '' }: NodeJS.ErrnoException) => {
      const taken = code === 'EADDRINUSE';
      const message = taken ? `another process listens at ${address}` : `${address} cannot be listened at (${code})`;
      resolve(
        bad(
          taken ? 'listener-taken' : 'listener-place',
          `${name}: ${message}`,
          taken ? 'ss -ltnp names it; stop it, or choose another port' : 'choose an address of this machine',
        ),
      );
    });
    server.listen(port, host, () => server.close(() => resolve(good('listener-free', `${name}: ${address} is free`))));
  });
}
