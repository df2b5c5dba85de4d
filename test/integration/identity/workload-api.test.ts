import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { GatehouseError } from '../../../src/errors.ts';
import { asUser } from '../../support/as-user.ts';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { openssl } from '../../support/openssl.ts';
import { makeRoot, type OwnAuthority, openOwnAuthority } from '../../support/own-authority.ts';
import { type JsonMessage, type PythonCallOptions, pythonCall } from '../../support/python-client.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import type { TestEndpoint } from '../../support/workload-endpoint.ts';
import { entry, startEndpoint, unixAddress } from '../../support/workload-endpoint.ts';

const a = 'spiffe://cluster.local/ns/default/sa/a';
const b = 'spiffe://cluster.local/ns/default/sa/b';
const header = [['workload.spiffe.io', 'true']] as const;
const own = 'spiffe://cluster.local';

interface JsonSvid {
  readonly spiffeId: string;
  readonly x509Svid: string;
  readonly x509SvidKey: string;
  readonly bundle: string;
  readonly hint?: string;
}
const svidsOf = (message: JsonMessage) => message['svids'] as readonly JsonSvid[]; // the proto's own shape
const der = (base64: string) => Buffer.from(base64, 'base64');
const serialOf = (message: JsonMessage) => new X509Certificate(der(svidsOf(message)[0]!.x509Svid)).serialNumber;

describe('the SPIFFE Workload API, asked by python grpcio', function () {
  this.timeout(300_000); // the first use makes python's environment
  let dir: TempDir;
  let source: OwnAuthority;
  let served: TestEndpoint;
  let socket: string;

  beforeEach(async () => {
    dir = await tempDir();
    await chmod(dir.path, 0o755);
    source = openOwnAuthority(dir.path);
    socket = dir.at('w.sock');
    served = await startEndpoint({
      source,
      path: socket,
      entries: [entry(a, ['unix:uid:0'], { hint: 'internal' }), entry(b, ['unix:uid:0'], { hint: 'internal' })],
    });
  });
  afterEach(async () => {
    await served[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  function call(method: string, options: Partial<PythonCallOptions> = {}) {
    const running = pythonCall({ socket, method: `/SpiffeWorkloadAPI/${method}`, metadata: header, ...options });
    running.send({});
    return running;
  }
  async function endOf(method: string, options: Partial<PythonCallOptions> = {}) {
    await using running = call(method, options);
    return await running.ended();
  }

  it('gives all identities at once, each with key, chain and bundle, hints unique', async () => {
    await using running = call('FetchX509SVID');
    const svids = svidsOf(await running.next());
    assert.deepEqual(
      svids.map(({ spiffeId, hint }) => [spiffeId, hint]),
      [
        [a, 'internal'],
        [b, undefined],
      ],
    );
    for (const { spiffeId, x509Svid, x509SvidKey, bundle } of svids) {
      const leaf = new X509Certificate(der(x509Svid));
      assert.equal(leaf.subjectAltName, `URI:${spiffeId}`);
      assert.ok(leaf.verify(new X509Certificate(der(bundle)).publicKey));
      const key = createPrivateKey({ key: der(x509SvidKey), format: 'der', type: 'pkcs8' });
      assert.ok(createPublicKey(key).equals(leaf.publicKey));
      await writeFile(dir.at('leaf'), leaf.toString());
      const verdict = openssl(['verify', '-x509_strict', '-CAfile', dir.at('root.pem'), dir.at('leaf')]);
      assert.match(verdict.text, /OK/);
    }
    assert.equal(source.requests.length, 2);
    assert.ok(source.requests[0]?.selectors.includes('unix:uid:0'));
  });

  it('sends everything again when a renewal is due, the bundle changes, a CRL comes, or an entry changes', async () => {
    await using running = call('FetchX509SVID');
    const first = serialOf(await running.next());
    source.renewAtIs = Date.now() + 3_600_000;
    source.renewals.replace(1);
    source.publish([makeRoot(dir.path, 'second', 'cluster.local')]);
    const bundle = await running.next();
    assert.equal(serialOf(bundle), first, 'the certificate stays');
    assert.ok(der(svidsOf(bundle)[0]!.bundle).length > 700, 'both roots');

    source.renewAtIs = 0; // due at once: every look renews
    source.renewals.replace(2);
    const renewed = await running.next();
    source.renewAtIs = Number.POSITIVE_INFINITY;
    assert.notEqual(serialOf(renewed), first);

    source.crls.replace([Buffer.from('crl')]);
    await eventually('the CRL comes', async () => ((await running.next())['crl'] === undefined ? undefined : true));

    served.entries.replace([entry(b, ['unix:uid:0'])]);
    await eventually('only b is left', async () => (svidsOf(await running.next()).length === 1 ? true : undefined));
  });

  it('keeps the certificate that it has while the authority fails, and says so', async () => {
    await using running = call('FetchX509SVID');
    const first = serialOf(await running.next());
    source.failure = new GatehouseError('store_unavailable', 'away');
    source.renewAtIs = 0;
    source.renewals.replace(1);
    await eventually('the renewal fails', () => served.told.find((line) => line.startsWith('renewalFailed')));
    source.publish([makeRoot(dir.path, 'second', 'cluster.local')]);
    assert.equal(serialOf(await running.next()), first);
    source.failure = undefined;
    await eventually('it is renewed later', async () => (serialOf(await running.next()) === first ? undefined : true));
  });

  it('tells the authority when nobody waits for an SVID any more', async () => {
    source.holding = new Promise(() => undefined);
    {
      await using _leaving = call('FetchX509SVID');
      await eventually('it is asked', () => (source.requests.length === 2 ? true : undefined));
      assert.deepEqual(
        source.requests.map(({ signal }) => signal?.aborted),
        [false, false],
      );
    }
    await eventually('it is told', () => (source.requests.every(({ signal }) => signal?.aborted) ? true : undefined));
  });

  it('wakes nobody with what he does not take: a JWT key, an X.509 root, or a sequence alone', async () => {
    source.publishKey('first');
    await using certificates = call('FetchX509SVID');
    await using bundles = call('FetchX509Bundles');
    await using keys = call('FetchJWTBundles');
    for (const each of [certificates, bundles, keys]) await each.next();
    const toldOf = (kind: 'x509' | 'jwt', sequence: number) => () =>
      source.words.some((word) => word.kinds?.[0] === kind && word.sequence === sequence) ? true : undefined;
    source.publishKey('second');
    const withSecond = JSON.stringify(await keys.next());
    await eventually('who has the roots has them under that sequence too', toldOf('x509', 3));
    source.publish();
    await eventually('and both under the next', toldOf('x509', 4));
    await eventually('and both under the next', toldOf('jwt', 4));
    source.publish([makeRoot(dir.path, 'second', 'cluster.local')]);
    for (const each of [certificates, bundles]) {
      const length = JSON.stringify(await each.next()).length;
      assert.ok(length > 2 * 428, 'the next message after the first is that with both roots');
    }
    await eventually('he has the keys under that sequence', toldOf('jwt', 5));
    source.publishKey('third');
    assert.ok(JSON.stringify(await keys.next()).length > withSecond.length, 'the next message is that with three keys');
  });

  it('never sends a certificate with an older bundle than that under which it was signed', async () => {
    const held = Promise.withResolvers<void>();
    source.holding = held.promise;
    await using running = call('FetchX509SVID');
    await eventually('it is being signed', () => (source.requests.length > 0 ? true : undefined));
    source.publish([makeRoot(dir.path, 'second', 'cluster.local')]);
    held.resolve();
    const first = await running.next();
    assert.equal(der(svidsOf(first)[0]!.bundle).length, Buffer.concat(source.bundles.value.own.x509Authorities).length);
    await eventually('it is told', () => (source.words.length > 0 ? true : undefined));
    assert.equal(source.words[0]?.sequence, 2);
  });

  it('answers Unavailable while there is nothing to give yet', async () => {
    const { own: bundle, ...rest } = source.bundles.value;
    source.bundles.replace({ ...rest, own: { ...bundle, x509Authorities: [] } });
    for (const method of ['FetchX509SVID', 'FetchX509Bundles'])
      assert.equal((await endOf(method)).status, 'UNAVAILABLE');
    source.bundles.replace({ ...rest, own: bundle });
    assert.equal((await endOf('FetchJWTBundles')).status, 'UNAVAILABLE', 'there is no JWT authority');
    source.failure = new GatehouseError('authority_not_ready', 'secret words for the log');
    const { status, details } = await endOf('FetchX509SVID');
    assert.deepEqual([status, details], ['UNAVAILABLE', 'the authority is not ready']);
  });

  it('gives bundles, federated ones only to who federates', async () => {
    await using running = call('FetchX509Bundles');
    const { bundles } = await running.next();
    assert.deepEqual(Object.keys(bundles as object), [own]);
    const partner = openOwnAuthority(dir.path, 'partner.test');
    const { own: theirs } = partner.bundles.value;
    source.bundles.replace({ ...source.bundles.value, federated: new Map([[theirs.trustDomain, theirs]]) });
    served.entries.replace([entry(a, ['unix:uid:0'], { federatesWith: [theirs.trustDomain] })]);
    const now = (await running.next())['bundles'] as Record<string, string>;
    assert.deepEqual(Object.keys(now).sort(), [own, 'spiffe://partner.test']);
    assert.deepEqual(der(now['spiffe://partner.test']!), Buffer.from(theirs.x509Authorities[0]!));
    await using svid = call('FetchX509SVID');
    assert.deepEqual(Object.keys((await svid.next())['federatedBundles'] as object), ['spiffe://partner.test']);
  });

  describe('refuses', () => {
    const all = ['FetchX509SVID', 'FetchX509Bundles', 'FetchJWTSVID', 'FetchJWTBundles', 'ValidateJWTSVID'];
    for (const method of all) {
      it(`a call of ${method} without the security header with InvalidArgument`, async () => {
        const { status, details } = await endOf(method, { metadata: [] });
        assert.deepEqual([status, details], ['INVALID_ARGUMENT', 'security header missing from request']);
        assert.equal(source.requests.length, 0);
      });
    }
    const wrong: readonly { readonly name: string; readonly metadata: readonly (readonly [string, string])[] }[] = [
      { name: 'another value', metadata: [['workload.spiffe.io', 'TRUE']] },
      { name: 'two values', metadata: [...header, ...header] },
      { name: 'another name', metadata: [['broker.spiffe.io', 'true']] },
    ];
    for (const { name, metadata } of wrong) {
      it(`a security header with ${name}`, async () => {
        assert.equal((await endOf('FetchX509SVID', { metadata })).status, 'INVALID_ARGUMENT');
      });
    }

    it('an unknown uid with PermissionDenied, its own selectors and a trace id, nothing of other entries', async () => {
      const wrap = (command: readonly string[]) => asUser(12345, 12346, command, [777]);
      for (const method of ['FetchX509SVID', 'FetchX509Bundles', 'FetchJWTBundles']) {
        const { status, details, trailers } = await endOf(method, { wrap });
        assert.equal(status, 'PERMISSION_DENIED');
        assert.match(
          details,
          /^no identity issued: no entry matches your selectors unix:uid:12345 unix:gid:12346 unix:supplementary_gid:777 \(trace [0-9a-f]{16}\)$/,
        );
        assert.equal(trailers['gatehouse-trace-id'], /trace ([0-9a-f]+)/.exec(details)?.[1]);
        assert.doesNotMatch(details, /unix:uid:0|sa\/a/);
      }
    });

    it('a caller that loses its entries: the stream ends with PermissionDenied', async () => {
      await using running = call('FetchX509SVID');
      await running.next();
      served.entries.replace([entry(a, ['unix:uid:4711'])]);
      assert.equal((await running.ended()).status, 'PERMISSION_DENIED');
      await eventually('the stream is forgotten', () => (source.forgotten.length > 0 ? true : undefined));
    });

    it('JWT requests without audience, for a foreign identity, and while there is no JWT authority', async () => {
      const ask = async (request: JsonMessage, method = 'FetchJWTSVID') => {
        await using running = pythonCall({ socket, method: `/SpiffeWorkloadAPI/${method}`, metadata: header });
        running.send(request);
        return (await running.ended()).status;
      };
      assert.equal(await ask({}), 'INVALID_ARGUMENT');
      assert.equal(await ask({ audience: [''] }), 'INVALID_ARGUMENT');
      assert.equal(await ask({ audience: ['x'], spiffeId: 'nonsense' }), 'INVALID_ARGUMENT');
      assert.equal(
        await ask({ audience: ['x'], spiffeId: 'spiffe://cluster.local/ns/default/sa/z' }),
        'PERMISSION_DENIED',
      );
      assert.equal(await ask({ audience: ['x'] }), 'UNIMPLEMENTED');
      assert.equal(await ask({ svid: 'a.b.c' }, 'ValidateJWTSVID'), 'INVALID_ARGUMENT');
      assert.equal(await ask({ audience: 'x' }, 'ValidateJWTSVID'), 'INVALID_ARGUMENT');
      assert.equal(await ask({ audience: 'x', svid: 'a.b.c' }, 'ValidateJWTSVID'), 'INVALID_ARGUMENT');
    });
  });

  it('gives JWT-SVIDs of all IDs but one that is refused, and refuses where that one alone is asked for', async () => {
    source.issueJwt = async ({ entitlement: { spiffeId } }) => {
      if (spiffeId === a) throw new GatehouseError('not_entitled', 'revoked');
      return { spiffeId, token: 'x.y.z', expiresAt: 0 };
    };
    const ask = async (request: JsonMessage) => {
      await using running = pythonCall({ socket, method: '/SpiffeWorkloadAPI/FetchJWTSVID', metadata: header });
      running.send({ audience: ['x'], ...request });
      return svidsOf(await running.next()).map(({ spiffeId }) => spiffeId);
    };
    assert.deepEqual(await ask({}), [b]);
    await assert.rejects(ask({ spiffeId: a }), /PERMISSION_DENIED/);
  });

  it('attests by user, group and executable, anew on each call', async () => {
    const interpreter = spawnSync('python3', ['-c', 'import os; print(os.path.realpath("/proc/self/exe"))'], {
      encoding: 'utf8',
    });
    const sha256 = spawnSync('sha256sum', [interpreter.stdout.trim()], { encoding: 'utf8' }).stdout.slice(0, 64);
    const wrap = (command: readonly string[]) => asUser(1, 1, command);
    served.entries.replace([
      entry(a, [
        'unix:user:daemon',
        'unix:group:daemon',
        `unix:path:${interpreter.stdout.trim()}`,
        `unix:sha256:${sha256}`,
      ]),
    ]);
    await using running = call('FetchX509SVID', { wrap });
    assert.equal(svidsOf(await running.next())[0]?.spiffeId, a);
    served.entries.replace([entry(a, ['unix:user:daemon', `unix:sha256:${'0'.repeat(64)}`])]);
    assert.equal((await running.ended()).status, 'PERMISSION_DENIED');
    assert.equal((await endOf('FetchX509SVID', { wrap })).status, 'PERMISSION_DENIED');
  });

  it('attests whoever may open a workload socket, and gives it that identity alone', async () => {
    const path = dir.at('details.sock');
    served.entries.replace([entry(a, ['unix:uid:0']), entry(b, [`socket:${path}`])]);
    await using _ = await served.endpoint.listen(unixAddress(path, { attests: 'path', mode: 0o600, owner: '12345' }));
    for (const wrap of [undefined, (command: readonly string[]) => asUser(12345, 12345, command)]) {
      await using running = call('FetchX509SVID', { socket: path, ...(wrap && { wrap }) });
      assert.deepEqual(
        svidsOf(await running.next()).map(({ spiffeId }) => spiffeId),
        [b],
      );
    }
    const stranger = await endOf('FetchX509SVID', { socket: path, wrap: (command) => asUser(12346, 12346, command) });
    assert.equal(stranger.status, 'UNAVAILABLE', 'the mode of the socket keeps it out');
  });

  it('ends a stream when its process has ended, although the connection lives on', async () => {
    const script = dir.at('leave.py');
    // Speaks just enough HTTP/2 by hand: a connection that a child keeps open after its parent, who made the call, has ended.
    await writeFile(
      script,
      `
import os, signal, socket, struct, sys
trailers = bytes([1, 5, 0, 0, 0, 1])  # HEADERS with END_STREAM and END_HEADERS on stream 1
def frame(kind, flags, stream, body): return struct.pack('>I', len(body))[1:] + bytes([kind, flags]) + struct.pack('>I', stream) + body
def field(name, value): return b'\\x00' + bytes([len(name)]) + name + bytes([len(value)]) + value
headers = b''.join(field(n, v) for n, v in [(b':method', b'POST'), (b':scheme', b'http'), (b':path', b'/SpiffeWorkloadAPI/FetchX509SVID'),
  (b':authority', b'x'), (b'content-type', b'application/grpc'), (b'te', b'trailers'), (b'workload.spiffe.io', b'true')])
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n' + frame(4, 0, 0, b'') + frame(1, 4, 1, headers) + frame(0, 1, 1, b'\\0' * 5))
seen = b''
while b'spiffe://' not in seen: seen += s.recv(65536)
if os.fork() == 0:
    signal.alarm(30); os.close(1); os.close(2)
    more = b''
    while trailers not in more:
        got = s.recv(65536)
        if not got: break
        more += got
    open(sys.argv[2], 'w').write('trailers' if trailers in more else 'closed')
`,
    );
    await using child = startChild('python3', [script, socket, dir.at('end')]);
    await eventually('the stream is ended', () =>
      served.told.find((line) => /attestation_failed the calling process has ended/.test(line)),
    );
    const end = await eventually('the heir sees the end', () =>
      readFile(dir.at('end'), 'latin1').then((text) => text || undefined),
    );
    assert.equal(end, 'trailers');
    assert.equal(child.stderr(), '');
  });

  it('ends streams with Unavailable when it drains', async () => {
    await using running = call('FetchX509SVID');
    await running.next();
    const [end] = await Promise.all([running.ended(), served.endpoint.drain(5_000)]);
    assert.deepEqual([end.status, end.details], ['UNAVAILABLE', 'shutting down']);
  });

  it('tells the authority what was sent to whom, and when the consumer left', async () => {
    const running = call('FetchX509SVID');
    await running.next();
    await eventually('it is told', () => (source.words.length > 0 ? true : undefined));
    const { consumer, ...word } = source.words[0]!;
    assert.deepEqual(word, { channel: 'workload-api', spiffeIds: [a, b], sequence: 1, grade: 'sent', kinds: ['x509'] });
    assert.equal(source.requests[0]?.consumer, consumer);
    await running[Symbol.asyncDispose]();
    assert.equal(await eventually('it is forgotten', () => source.forgotten[0]), consumer);
  });
});
