import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { asUser } from '../../support/as-user.ts';
import { eventually } from '../../support/eventually.ts';
import { makeRoot, type OwnAuthority, openOwnAuthority } from '../../support/own-authority.ts';
import { type JsonMessage, pythonCall } from '../../support/python-client.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { entry, startEndpoint, type TestEndpoint } from '../../support/workload-endpoint.ts';

const a = 'spiffe://cluster.local/ns/default/sa/a';
const b = 'spiffe://cluster.local/ns/default/sa/b';
const td = 'spiffe://cluster.local';
const typeUrl = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

/** A Secret in protobuf's JSON form. */
interface JsonSecret {
  readonly name: string;
  readonly tlsCertificate?: {
    readonly certificateChain: { readonly inlineBytes: string };
    readonly privateKey: { readonly inlineBytes: string };
  };
  readonly validationContext?: {
    readonly trustedCa?: { readonly inlineBytes: string };
    readonly customValidatorConfig?: {
      readonly name: string;
      readonly typedConfig: {
        readonly '@type': string;
        readonly trustDomains: readonly {
          readonly name: string;
          readonly trustBundle: { readonly inlineBytes: string };
        }[];
      };
    };
  };
}
interface JsonResponse {
  readonly versionInfo?: string;
  readonly systemVersionInfo?: string;
  readonly nonce: string;
  readonly typeUrl: string;
  readonly resources?: readonly (JsonSecret & { readonly resource?: JsonSecret })[];
  readonly removedResources?: readonly string[];
}
const responseOf = (message: JsonMessage) => message as unknown as JsonResponse; // the proto's own shape
const secretsOf = ({ resources = [] }: JsonResponse): readonly JsonSecret[] =>
  resources.map((each) => each.resource ?? each);
const namesOf = (response: JsonResponse) => secretsOf(response).map(({ name }) => name);
const pem = ({ inlineBytes }: { readonly inlineBytes: string }) => Buffer.from(inlineBytes, 'base64').toString();
const certificateIn = (response: JsonResponse, i = 0) => pem(secretsOf(response)[i]!.tlsCertificate!.certificateChain);
const domainsIn = (secret: JsonSecret | undefined) => {
  const { name, typedConfig } = secret!.validationContext!.customValidatorConfig!;
  assert.equal(name, 'envoy.tls.cert_validator.spiffe');
  assert.match(typedConfig['@type'], /SPIFFECertValidatorConfig$/);
  return typedConfig.trustDomains.map((domain) => [domain.name, pem(domain.trustBundle).match(/BEGIN/g)?.length]);
};
const oldEnvoy = { userAgentBuildVersion: { version: { majorNumber: 1, minorNumber: 17 } } };

describe('Envoy SDS, asked by python grpcio', function () {
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
      entries: [entry(a, ['unix:uid:0']), entry(b, ['unix:uid:0'])],
    });
  });
  afterEach(async () => {
    await served[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  function open(method: string, wrap?: (command: readonly string[]) => readonly [string, readonly string[]]) {
    const call = pythonCall({
      socket,
      method: `/envoy.service.secret.v3.SecretDiscoveryService/${method}`,
      ...(wrap && { wrap }),
    });
    return {
      call,
      send: (request: JsonMessage) => call.send(request),
      next: async () => responseOf(await call.next()),
      [Symbol.asyncDispose]: () => call[Symbol.asyncDispose](),
    };
  }
  const gradesOf = () => source.words.map(({ grade, sequence }) => `${grade} ${sequence}`);

  describe('FetchSecrets', () => {
    async function fetch(request: JsonMessage): Promise<JsonResponse> {
      await using call = open('FetchSecrets');
      call.send(request);
      return await call.next();
    }

    it('gives a certificate with its key, and the roots as the SPIFFE validator wants them', async () => {
      const response = await fetch({ resourceNames: ['default', 'ROOTCA', b, td, 'ALL'], typeUrl });
      assert.deepEqual(namesOf(response), ['default', 'ROOTCA', b, td, 'ALL']);
      assert.equal(response.typeUrl, typeUrl);
      const [first, rootca, second, ofDomain, all] = secretsOf(response);
      for (const [secret, id] of [
        [first, a],
        [second, b],
      ] as const) {
        const { certificateChain, privateKey } = secret!.tlsCertificate!;
        const leaf = new X509Certificate(pem(certificateChain));
        assert.equal(leaf.subjectAltName, `URI:${id}`);
        assert.ok(createPublicKey(createPrivateKey(pem(privateKey))).equals(leaf.publicKey));
      }
      for (const secret of [rootca, ofDomain, all]) assert.deepEqual(domainsIn(secret), [['cluster.local', 1]]);
    });

    it('gives plain roots to an Envoy that is too old for the validator or asks for them', async () => {
      for (const node of [oldEnvoy, { metadata: { disable_spiffe_cert_validation: true } }]) {
        const [secret] = secretsOf(await fetch({ resourceNames: ['ALL'], node }));
        assert.match(pem(secret!.validationContext!.trustedCa!), /^-----BEGIN CERTIFICATE-----\n/);
        assert.equal(secret!.validationContext!.customValidatorConfig, undefined);
      }
    });

    it('gives everything for no names', async () => {
      assert.deepEqual(namesOf(await fetch({})), ['default', a, b, 'ROOTCA', 'ALL', td]);
    });

    it('leaves out what means nothing to the caller, and does not fail', async () => {
      const names = ['file-root:system', 'spiffe://cluster.local/ns/x/sa/other', 'ROOTCA'];
      assert.deepEqual(namesOf(await fetch({ resourceNames: names })), ['ROOTCA']);
    });

    it('keeps federated trust domains apart, for who federates', async () => {
      const { own: theirs } = openOwnAuthority(dir.path, 'partner.test').bundles.value;
      source.bundles.replace({ ...source.bundles.value, federated: new Map([[theirs.trustDomain, theirs]]) });
      const before = await fetch({ resourceNames: ['ALL', 'spiffe://partner.test'] });
      assert.deepEqual(namesOf(before), ['ALL']);
      served.entries.replace([entry(a, ['unix:uid:0'], { federatesWith: [theirs.trustDomain] })]);
      const after = secretsOf(await fetch({ resourceNames: ['ALL', 'spiffe://partner.test'] }));
      assert.deepEqual(after.map(domainsIn), [
        [
          ['cluster.local', 1],
          ['partner.test', 1],
        ],
        [['partner.test', 1]],
      ]);
    });

    it('refuses another type and an unknown caller', async () => {
      await using wrong = open('FetchSecrets');
      wrong.send({ typeUrl: 'type.googleapis.com/envoy.config.cluster.v3.Cluster' });
      assert.equal((await wrong.call.ended()).status, 'INVALID_ARGUMENT');
      await using stranger = open('FetchSecrets', (command) => asUser(12345, 12345, command));
      stranger.send({ resourceNames: ['ROOTCA'] });
      assert.equal((await stranger.call.ended()).status, 'PERMISSION_DENIED');
    });
  });

  describe('StreamSecrets', () => {
    it('pushes renewals and new bundles, and hears ACK and NACK', async () => {
      await using stream = open('StreamSecrets');
      stream.send({ resourceNames: ['default', 'ROOTCA'], typeUrl });
      const first = await stream.next();
      assert.deepEqual(namesOf(first), ['default', 'ROOTCA']);
      stream.send({ resourceNames: ['default', 'ROOTCA'], versionInfo: first.versionInfo, responseNonce: first.nonce });
      await eventually('the ACK is passed on', () => (gradesOf().includes('acknowledged 1') ? true : undefined));
      assert.deepEqual(gradesOf(), ['sent 1', 'acknowledged 1']);

      source.renewAtIs = 0;
      source.renewals.replace(1);
      const renewed = await stream.next();
      source.renewAtIs = Number.POSITIVE_INFINITY;
      assert.notEqual(certificateIn(renewed), certificateIn(first));
      assert.notEqual(renewed.versionInfo, first.versionInfo);
      assert.notEqual(renewed.nonce, first.nonce);
      assert.ok(!gradesOf().includes('renewed 1'), 'being given one proves nothing');

      source.publish([makeRoot(dir.path, 'second', 'cluster.local')]);
      const rooted = await eventually('the new bundle', async () => {
        const response = await stream.next();
        return domainsIn(secretsOf(response)[1])[0]?.[1] === 2 ? response : undefined;
      });
      stream.send({
        resourceNames: ['default', 'ROOTCA'],
        versionInfo: first.versionInfo,
        responseNonce: rooted.nonce,
        errorDetail: { code: 3, message: 'cannot load it' },
      });
      await eventually('the NACK is passed on', () => (gradesOf().includes('refused 2') ? true : undefined));
      assert.ok(served.told.includes('refused default,ROOTCA cannot load it'), served.told.join('\n'));
      const { consumer, channel, spiffeIds } = source.words.at(-1)!;
      assert.deepEqual({ channel, spiffeIds }, { channel: 'sds', spiffeIds: [a, b] });
      assert.equal(source.requests[0]?.consumer, consumer);
    });

    it('tells the authority of who takes a certificate and no roots', async () => {
      await using stream = open('StreamSecrets');
      stream.send({ resourceNames: ['default'], typeUrl });
      const { nonce, versionInfo } = await stream.next();
      stream.send({ resourceNames: ['default'], versionInfo, responseNonce: nonce });
      await eventually('it is told', () => (source.words.length > 0 ? true : undefined));
      const { consumer, ...word } = source.words[0]!;
      assert.deepEqual(word, { channel: 'sds', spiffeIds: [a, b], sequence: 0, grade: 'sent', kinds: ['x509'] });
      assert.equal(source.requests[0]?.consumer, consumer);
    });

    it('sends nothing for a JWT key, and passes on that the roots are held under its sequence', async () => {
      await using stream = open('StreamSecrets');
      stream.send({ resourceNames: ['ROOTCA'], typeUrl });
      const first = await stream.next();
      stream.send({ resourceNames: ['ROOTCA'], versionInfo: first.versionInfo, responseNonce: first.nonce });
      await eventually('the ACK is passed on', () => (gradesOf().includes('acknowledged 1') ? true : undefined));
      source.publishKey('first');
      await eventually('so is the next', () => (gradesOf().includes('acknowledged 2') ? true : undefined));
      source.publish([makeRoot(dir.path, 'second', 'cluster.local')]);
      assert.equal(domainsIn(secretsOf(await stream.next())[0])[0]?.[1], 2, 'the next message has both roots');
      assert.deepEqual(gradesOf().slice(0, 3), ['sent 1', 'acknowledged 1', 'acknowledged 2']);
    });

    it('ignores a stale nonce', async () => {
      await using stream = open('StreamSecrets');
      stream.send({ resourceNames: ['ROOTCA'] });
      const first = await stream.next();
      source.publish([makeRoot(dir.path, 'second', 'cluster.local')]);
      const second = await stream.next();
      stream.send({ resourceNames: ['ROOTCA', 'default'], responseNonce: first.nonce });
      stream.send({ resourceNames: ['ROOTCA'], responseNonce: second.nonce });
      await eventually('the second is acknowledged', () => (gradesOf().includes('acknowledged 2') ? true : undefined));
      assert.ok(!gradesOf().includes('acknowledged 1'));
      assert.equal(source.requests.length, 0, 'no certificate was asked for');
    });

    it('answers a first request with the nonce of a stream that is gone, as Envoys send it that come again', async () => {
      await using stream = open('StreamSecrets');
      const errorDetail = { code: 3, message: 'said of another stream' };
      stream.send({ resourceNames: ['ROOTCA'], versionInfo: '9', responseNonce: '9-00000000', errorDetail });
      const first = await stream.next();
      assert.deepEqual(namesOf(first), ['ROOTCA']);
      assert.deepEqual(gradesOf(), ['sent 1']);
      stream.send({ resourceNames: ['ROOTCA'], responseNonce: '9-00000000' });
      stream.send({ resourceNames: ['ROOTCA'], responseNonce: first.nonce });
      await eventually('the ACK is passed on', () => (gradesOf().includes('acknowledged 1') ? true : undefined));
    });

    it('answers names that are added, and none that are taken away', async () => {
      await using stream = open('StreamSecrets');
      stream.send({ resourceNames: ['ROOTCA'] });
      const first = await stream.next();
      stream.send({ resourceNames: ['ROOTCA', 'default'], responseNonce: first.nonce });
      const second = await stream.next();
      assert.deepEqual(namesOf(second), ['ROOTCA', 'default']);
      stream.send({ resourceNames: ['default'], responseNonce: second.nonce });
      const acknowledged = () => gradesOf().filter((each) => each === 'acknowledged 1').length;
      await eventually('it is heard', () => (acknowledged() === 2 ? true : undefined));
      source.publish([makeRoot(dir.path, 'second', 'cluster.local')]); // concerns nobody any more
      source.renewAtIs = 0;
      source.renewals.replace(1);
      assert.deepEqual(namesOf(await stream.next()), ['default']);
    });

    it('holds its answer until a name means something, and then gives it', async () => {
      await using stream = open('StreamSecrets');
      stream.send({ resourceNames: ['spiffe://cluster.local/ns/default/sa/later'] });
      await eventually('the stream is open', () => (served.told.includes('opened sds') ? true : undefined));
      served.entries.replace([
        entry(a, ['unix:uid:0']),
        entry('spiffe://cluster.local/ns/default/sa/later', ['unix:uid:0']),
      ]);
      assert.deepEqual(namesOf(await stream.next()), ['spiffe://cluster.local/ns/default/sa/later']);
    });

    it('ends with PermissionDenied when the caller loses its entries, and is forgotten', async () => {
      await using stream = open('StreamSecrets');
      stream.send({ resourceNames: ['default'] });
      await stream.next();
      served.entries.replace([]);
      const { status, details } = await stream.call.ended();
      assert.equal(status, 'PERMISSION_DENIED');
      assert.match(details, /your selectors unix:uid:0/);
      await eventually('it is forgotten', () => (source.forgotten.length === 1 ? true : undefined));
    });

    it('ends well when the client does', async () => {
      await using stream = open('StreamSecrets');
      stream.send({ resourceNames: ['default'] });
      await stream.next();
      stream.call.hangUp();
      assert.equal((await stream.call.ended()).status, 'OK');
    });

    it('ends with InvalidArgument for another type', async () => {
      await using stream = open('StreamSecrets');
      stream.send({ resourceNames: ['default'], typeUrl: 'type.googleapis.com/x.Y' });
      assert.equal((await stream.call.ended()).status, 'INVALID_ARGUMENT');
    });
  });

  describe('DeltaSecrets', () => {
    it('sends only what changed, and says what there is not', async () => {
      await using stream = open('DeltaSecrets');
      stream.send({ resourceNamesSubscribe: ['default', 'ROOTCA', 'file-root:system'], typeUrl });
      const first = await stream.next();
      assert.deepEqual(namesOf(first), ['default', 'ROOTCA']);
      assert.deepEqual(first.removedResources, ['file-root:system']);
      stream.send({ responseNonce: first.nonce });
      await eventually('the ACK is passed on', () => (gradesOf().includes('acknowledged 1') ? true : undefined));

      source.publish([makeRoot(dir.path, 'second', 'cluster.local')]);
      const bundle = await stream.next();
      assert.deepEqual([namesOf(bundle), bundle.removedResources], [['ROOTCA'], undefined]);
      source.renewAtIs = 0;
      source.renewals.replace(1);
      assert.deepEqual(namesOf(await stream.next()), ['default']);
      source.renewAtIs = Number.POSITIVE_INFINITY;
    });

    it('answers a subscription on a running stream, and no more after its end', async () => {
      await using stream = open('DeltaSecrets');
      stream.send({ resourceNamesSubscribe: ['ROOTCA'] });
      await stream.next();
      stream.send({ resourceNamesSubscribe: [b], resourceNamesUnsubscribe: ['ROOTCA'] });
      assert.deepEqual(namesOf(await stream.next()), [b]);
      source.publish([makeRoot(dir.path, 'second', 'cluster.local')]); // concerns nobody any more
      served.entries.replace([entry(a, ['unix:uid:0'])]);
      const gone = await stream.next();
      assert.deepEqual([namesOf(gone), gone.removedResources], [[], [b]]);
    });

    it('does not send again what the client already has', async () => {
      await using before = open('DeltaSecrets');
      before.send({ resourceNamesSubscribe: ['ROOTCA'] });
      const { resources } = await before.next();
      const { version } = resources![0]! as unknown as { version: string };
      await using stream = open('DeltaSecrets');
      stream.send({ resourceNamesSubscribe: ['ROOTCA', 'default'], initialResourceVersions: { ROOTCA: version } });
      assert.deepEqual(namesOf(await stream.next()), ['default']);
      await eventually('the roots that it brought count', () =>
        gradesOf().includes('acknowledged 1') ? true : undefined,
      );
    });

    it('gives everything for no names, and for *', async () => {
      for (const request of [{}, { resourceNamesSubscribe: ['*'] }]) {
        await using stream = open('DeltaSecrets');
        stream.send(request);
        assert.deepEqual(namesOf(await stream.next()), ['default', a, b, 'ROOTCA', 'ALL', td]);
      }
    });
  });
});
