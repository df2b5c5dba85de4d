/**
 * Fuzzes the HTTP doors by bytes of a connection: the pages of health, and the admin API as one who may use it.
 * @module
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { UnixListener } from '../../../src/config/listeners/listen-config.ts';
import { createAccounts } from '../../../src/lib/accounts.ts';
import { createWatchable } from '../../../src/lib/watchable.ts';
import { createHealthPages } from '../../../src/platform/observe/health-pages.ts';
import type { AdminDeps } from '../../../src/server/admin/admin-deps.ts';
import { openAdmin } from '../../../src/server/admin/admin-listener.ts';
import { type HttpListener, openHttpListener } from '../../../src/server/listeners/http-listener.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { mutateBytes } from '../mutate.ts';
import type { FuzzTarget } from '../target.ts';

const broke: unknown[] = [];
const nothing = createWatchable(undefined);

/** What only running servers have answers with nothing: what is fuzzed is the way there. */
function adminDeps(): AdminDeps {
  const known = {
    operations: undefined,
    config: () => ({ authorityAddresses: ['127.0.0.1:1'] }),
    revocations: nothing,
    accounts: createAccounts(),
    entries: createWatchable([]),
    identify: () => undefined,
    status: () => ({}),
    handshakeFailed: () => undefined,
    log: { info: () => undefined, error: () => undefined },
  };
  return known as unknown as AdminDeps; // handlers that want more throw, which the door has to stand
}

interface Doors extends AsyncDisposable {
  readonly health: HttpListener;
  readonly admin: HttpListener;
}

async function openDoors(): Promise<Doors> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempDir('gh-fuzz-'));
  const path = folder.at('admin.sock');
  const listener: UnixListener = { kind: 'unix', path, mode: 0o600, owner: undefined, group: undefined };
  const pages = createHealthPages({
    readiness: () => ({ ready: true, waiting: {}, degraded: [], details: {} }),
    metrics: async () => 'up 1\n',
    crl: () => '',
  });
  const health = stack.use(
    await openHttpListener(
      { kind: 'tcp', host: '127.0.0.1', port: 0, tls: false },
      {
        handle: (request, response) => pages(request, response, 'stranger'),
        failed: (thrown) => broke.push(thrown),
        identity: nothing,
        callers: 'any',
        identify: () => undefined,
        limits: {},
        handshakeFailed: () => undefined,
      },
    ),
  );
  const admin = stack.use(await openAdmin(nothing, { ...adminDeps(), at: listener, beside: 1 }));
  const all = stack.move();
  return { health, admin, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Says `bytes` and no more; what came back by the time the door has closed. */
function say({ address }: HttpListener, bytes: Buffer): Promise<string> {
  const socket = address.kind === 'unix' ? connect(address.path) : connect(address.port, '127.0.0.1');
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('latin1').on('data', (some: string) => {
      text += some;
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(text));
    socket.end(bytes);
  });
}

const get = (target: string): Buffer => Buffer.from(`GET ${target} HTTP/1.1\r\nhost: a\r\n\r\n`, 'latin1');
const post = (target: string, body: string): Buffer =>
  Buffer.from(`POST ${target} HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`, 'latin1');

export const httpTarget: FuzzTarget = {
  name: 'http',
  seeds: () => [
    get('//'),
    get('/readyz?a=b'),
    get('/metrics'),
    get('http://[::1]/v1/status'),
    get('/v1/ledger?limit=1&serial=%41'),
    get('/v1/decisions/abc'),
    post('/v1/revocations', '{"kind":"id","value":"spiffe://cluster.local/a","reason":"r"}'),
    post('/v1/explain', '{"request":{"method":"GET"}}'),
    post('/v1/join-tokens', '{"ttlSeconds":1}'),
  ],
  mutate: mutateBytes,
  async run(input) {
    await using doors = await openDoors();
    const { health, admin } = doors;
    for (const door of [health, admin]) {
      const answer = await say(door, input);
      assert.ok(answer === '' || answer.startsWith('HTTP/1.1 '), answer.slice(0, 40));
    }
    assert.match(await say(health, get('/healthz')), /^HTTP\/1\.1 200 /);
    assert.deepEqual(broke.splice(0), []);
  },
};
