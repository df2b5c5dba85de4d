import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { Client, credentials, status } from '@grpc/grpc-js';
import { createWatchable } from '../../../src/lib/watchable.ts';
import { rawUnary } from '../../../src/transport/grpc-js/grpc-js-handlers.ts';
import { createGrpcServer } from '../../../src/transport/grpc-js/grpc-server.ts';
import type { Connection } from '../../../src/transport/listen/connections.ts';
import { createTlsFront, type HandshakeFailure, type TlsIdentity } from '../../../src/transport/listen/tls-front.ts';
import { newEcKey, openssl } from '../../support/openssl.ts';
import { makeRoot } from '../../support/own-authority.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const same = (bytes: Buffer) => bytes;

/** A certificate for localhost and a SPIFFE ID under `root`, made by openssl. */
async function identityOf(dir: TempDir, root: string, name: string): Promise<TlsIdentity> {
  const at = (suffix: string) => dir.at(`${name}.${suffix}`);
  const made = openssl([
    ...['req', '-x509', ...newEcKey, '-days', '1', '-subj', `/CN=${name}`],
    ...['-CA', dir.at(`${root}.pem`), '-CAkey', dir.at(`${root}.key`), '-keyout', at('key'), '-out', at('pem')],
    ...[
      '-addext',
      `subjectAltName=DNS:localhost,URI:spiffe://cluster.local/${name}`,
      '-addext',
      'basicConstraints=CA:false',
    ],
  ]);
  assert.ok(made.ok, made.text);
  const read = (path: string) => readFile(path, 'utf8');
  return {
    chainPem: await read(at('pem')),
    keyPem: await read(at('key')),
    trustedPem: await read(dir.at(`${root}.pem`)),
  };
}

async function serve(identity: ReturnType<typeof createWatchable<TlsIdentity | undefined>>) {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const seen: (Connection | undefined)[] = [];
  const echo = rawUnary({ path: '/test.Echo/Say' }, (request, connection) => {
    seen.push(connection);
    return request;
  });
  const grpc = createGrpcServer({
    methods: [echo],
    limits: { maxReceiveMessageBytes: 1024, maxConcurrentStreams: 10 },
  });
  const failures: HandshakeFailure[] = [];
  const front = createTlsFront(identity, {
    protocol: 'h2',
    callers: 'certified',
    failed: (failure) => failures.push(failure),
  });
  const address = { kind: 'tcp', host: '127.0.0.1', port, tls: true } as const;
  listener.on('connection', (socket) => front.secure(socket, (secured, peer) => grpc.accept(secured, address, peer)));
  const call = (client: Client) =>
    new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(
        '/test.Echo/Say',
        same,
        same,
        Buffer.from('hi'),
        { deadline: Date.now() + 5_000 },
        (error, answer) => (error ? reject(error) : resolve(answer!)),
      );
    });
  return {
    port,
    seen,
    failures,
    async as(caller: TlsIdentity | undefined, trusted: string): Promise<Buffer> {
      const [key, chain] = [caller?.keyPem, caller?.chainPem].map((pem) =>
        pem === undefined ? null : Buffer.from(pem),
      );
      const client = new Client(`localhost:${port}`, credentials.createSsl(Buffer.from(trusted), key, chain));
      return await call(client).finally(() => client.close());
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await grpc.drain(0);
      front[Symbol.dispose]();
    },
  };
}

describe('createTlsFront', () => {
  it('serves who proves a certificate of ours, shows it to the handler, and reloads its own without restart', async () => {
    await using dir = await tempDir();
    makeRoot(dir.path, 'root', 'cluster.local');
    makeRoot(dir.path, 'next', 'cluster.local');
    const [server, caller] = [await identityOf(dir, 'root', 'gatehouse'), await identityOf(dir, 'root', 'envoy')];
    const identity = createWatchable<TlsIdentity | undefined>(server);
    await using served = await serve(identity);
    assert.equal(String(await served.as(caller, server.trustedPem)), 'hi');
    const peer = served.seen[0]?.peerCertificate;
    assert.match(new X509Certificate(Buffer.from(peer!)).subjectAltName ?? '', /URI:spiffe:\/\/cluster\.local\/envoy/);

    const renewed = await identityOf(dir, 'next', 'gatehouse2');
    identity.replace({ ...renewed, trustedPem: server.trustedPem + renewed.trustedPem });
    assert.equal(String(await served.as(caller, renewed.trustedPem)), 'hi', 'now it shows the new one');
    await assert.rejects(served.as(caller, server.trustedPem), { code: status.UNAVAILABLE });
  });

  it('refuses a caller without a certificate, one of another authority, plain text, and everybody before it has an identity', async () => {
    await using dir = await tempDir();
    makeRoot(dir.path, 'root', 'cluster.local');
    makeRoot(dir.path, 'evil', 'cluster.local');
    const server = await identityOf(dir, 'root', 'gatehouse');
    const stranger = await identityOf(dir, 'evil', 'envoy');
    const identity = createWatchable<TlsIdentity | undefined>(server);
    await using served = await serve(identity);
    await assert.rejects(served.as(undefined, server.trustedPem), { code: status.UNAVAILABLE });
    assert.ok(served.failures.length > 0);
    assert.ok(served.failures.every(({ untrusted, remote }) => !untrusted && remote === '127.0.0.1'));
    served.failures.length = 0;
    await assert.rejects(served.as(stranger, server.trustedPem), { code: status.UNAVAILABLE });
    assert.ok(served.failures.length > 0);
    assert.ok(served.failures.every(({ untrusted, remote }) => untrusted && remote === '127.0.0.1'));
    const plain = new Client(`127.0.0.1:${served.port}`, credentials.createInsecure());
    const refused = new Promise((_, reject) => {
      plain.makeUnaryRequest('/test.Echo/Say', same, same, Buffer.alloc(0), { deadline: Date.now() + 5_000 }, (error) =>
        reject(error),
      );
    });
    await assert.rejects(refused, { code: status.UNAVAILABLE });
    plain.close();
    identity.replace(undefined);
    await assert.rejects(served.as(await identityOf(dir, 'root', 'late'), server.trustedPem), {
      code: status.UNAVAILABLE,
    });
    assert.deepEqual(served.seen, []);
  });
});
