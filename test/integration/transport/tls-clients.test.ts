import assert from 'node:assert/strict';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { createAddressGuard } from '../../../src/authz/jwks/address-guard.ts';
import { httpGet } from '../../../src/authz/jwks/http-get.ts';
import { adminClient } from '../../../src/cli/admin/admin-client.ts';
import { kubernetesClient } from '../../../src/platform/kubernetes/client.ts';
import { openPostgresAuthorityStore } from '../../../src/platform/storage/postgres-authority-store.ts';
import { connectFeed } from '../../../src/server/feed/feed-connection.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { newEcKey, openssl } from '../../support/openssl.ts';
import { makeRoot } from '../../support/own-authority.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const td = parseTrustDomain('cluster.local');

/** A certificate of an authority, with a SPIFFE ID and a name of the loopback address. */
function certify(dir: TempDir, root: string, name: string, spiffeId: string): { cert: string; key: string } {
  const made = openssl([
    ...['req', '-x509', ...newEcKey, '-days', '1'],
    ...['-subj', `/CN=${name}`, '-CA', dir.at(`${root}.pem`), '-CAkey', dir.at(`${root}.key`)],
    ...['-addext', `subjectAltName=URI:${spiffeId},IP:127.0.0.1,DNS:localhost`, '-addext', 'basicConstraints=CA:false'],
    ...['-keyout', dir.at(`${name}.key`), '-out', dir.at(`${name}.pem`)],
  ]);
  assert.ok(made.ok, made.text);
  return { cert: readFileSync(dir.at(`${name}.pem`), 'utf8'), key: readFileSync(dir.at(`${name}.key`), 'utf8') };
}

interface Stranger extends AsyncDisposable {
  readonly port: number;
  /** What clients told it inside of TLS. */
  readonly heard: Buffer[];
}

/** A TLS server whose certificate is nobody's that clients trust; it speaks the prelude of PostgreSQL, too. */
async function startStranger(own: { cert: string; key: string }): Promise<Stranger> {
  const heard: Buffer[] = [];
  const secure = (socket: Socket): void => {
    const secured = new TLSSocket(socket, { isServer: true, ...own, ALPNProtocols: ['h2', 'http/1.1'] });
    secured.on('error', () => undefined);
    secured.on('data', (bytes: Buffer) => heard.push(bytes));
  };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (first?.[0] !== 0) {
        if (first !== null) socket.unshift(first);
        return secure(socket);
      }
      socket.write('S'); // an SSLRequest
      secure(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    heard,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Client {
  readonly name: string;
  call(port: number, dir: TempDir): Promise<unknown>;
}

const clients: readonly Client[] = [
  {
    name: 'fetches of key sets',
    call: (port) =>
      httpGet(`https://127.0.0.1:${port}/keys`, {
        guard: createAddressGuard({ denyNetworks: [], allowNetworks: ['127.0.0.1/32'] }),
        timeoutMs: 5_000,
        signal: new AbortController().signal,
      }),
  },
  {
    name: 'the feed',
    async call(port, dir) {
      using connection = connectFeed(`127.0.0.1:${port}`, td, { trustedPem: readFileSync(dir.at('ours.pem'), 'utf8') });
      return await connection.enrol({
        $typeName: 'gatehouse.feed.v1.EnrolRequest',
        csr: new Uint8Array(),
        joinToken: 'secret',
        decider: 'd',
      });
    },
  },
  {
    name: 'the admin API over mTLS',
    async call(port, dir) {
      const client = await adminClient({ admin: `https://127.0.0.1:${port}`, svid: dir.at('svid'), config: '' });
      return client.ask('POST /v1/backup');
    },
  },
  {
    name: 'the API server of a cluster',
    async call(port, dir) {
      const tls = { ca: readFileSync(dir.at('ours.pem'), 'utf8') };
      const credentials = () => Promise.resolve({ tls, token: 'secret' });
      const client = await kubernetesClient({ server: `https://127.0.0.1:${port}`, credentials }, { answerMs: 3_000 });
      try {
        return await client.request({ path: '/version' });
      } finally {
        await client.close();
      }
    },
  },
  ...['verify-full', 'verify-ca', 'anything-else'].map((mode) => ({
    name: `PostgreSQL with sslmode=${mode}`,
    call: (port: number) =>
      openPostgresAuthorityStore(`postgres://u:secret@127.0.0.1:${port}/d?sslmode=${mode}`, td, 2_000),
  })),
];

describe('clients over TLS', function () {
  this.timeout(300_000);
  let dir: TempDir;

  before(async () => {
    dir = await tempDir();
    makeRoot(dir.path, 'ours', 'cluster.local');
    makeRoot(dir.path, 'evil', 'cluster.local');
    const own = certify(dir, 'ours', 'own', 'spiffe://cluster.local/ns/default/sa/operator');
    await mkdir(dir.at('svid'));
    await writeFile(dir.at('svid/svid.pem'), own.cert);
    await writeFile(dir.at('svid/key.pem'), own.key);
    await writeFile(dir.at('svid/bundle.pem'), readFileSync(dir.at('ours.pem')));
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  });
  after(async () => {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    await dir[Symbol.asyncDispose]();
  });

  for (const { name, call } of clients) {
    it(`tell a stranger nothing, though the environment says that nobody need be verified: ${name}`, async () => {
      const stranger = certify(dir, 'evil', 'stranger', 'spiffe://cluster.local/gatehouse/authority');
      await using server = await startStranger(stranger);
      await assert.rejects(call(server.port, dir));
      assert.equal(Buffer.concat(server.heard).toString('latin1'), '');
    });
  }

  it('all say themselves that the server is verified', () => {
    const opens =
      /from 'undici'|from 'node:https'|import\('node:https'\)|createSsl\(|import postgres\b|\b(?:connect|createSecureContext)\b[^;]*from 'node:tls'/;
    // admin-transport.ts takes its options from admin-tls.ts, the store from postgres/tls.ts; certificate-files.ts reads for a server.
    const elsewhere = new Map([
      ['cli/admin/admin-transport.ts', 'cli/admin/admin-tls.ts'],
      ['platform/storage/postgres/host.ts', 'platform/storage/postgres/tls.ts'],
      ['server/tls/certificate-files.ts', 'transport/listen/tls-front.ts'],
    ]);
    const src = new URL('../../../src/', import.meta.url);
    const read = (file: string): string => readFileSync(new URL(file, src), 'utf8');
    const found = globSync('**/*.ts', { cwd: src }).filter((file) => opens.test(read(file)));
    assert.ok(found.length >= 4);
    for (const file of found) assert.match(read(elsewhere.get(file) ?? file), /rejectUnauthorized/, file);
  });
});
