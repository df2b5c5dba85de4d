import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { fromPem } from '../../../src/identity/pki/pem.ts';
import { fetchBundle } from '../../../src/server/federation/fetch-bundle.ts';
import type { EndpointProof, FetchOrder, FetchOutcome } from '../../../src/server/federation/fetch-order.ts';
import { bundleToJwks } from '../../../src/spiffe/bundle-jwks.ts';
import { parseSpiffeId } from '../../../src/spiffe/spiffe-id.ts';
import { parseTrustDomain } from '../../../src/spiffe/trust-domain.ts';
import { type BundleServer, makeWebCertificate, startBundleServer } from '../../support/bundle-server.ts';
import { foreignBundle } from '../../support/foreign-bundle.ts';
import { makeCertificate } from '../../support/openssl-ca.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const trustDomain = parseTrustDomain('other.example');
const good = foreignBundle('other.example', 2n ** 60n);
const document = bundleToJwks(good);
const networks = { denyNetworks: ['169.254.0.0/16', 'fe80::/10'], allowNetworks: [] };
const sending =
  (text: string): RequestListener =>
  (_, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(text);
const redirecting =
  (location: string): RequestListener =>
  (_, response) =>
    void response.writeHead(302, { location }).end();
const failureOf = (outcome: FetchOutcome): string => ('failure' in outcome ? outcome.failure : 'none');
const leafOf = (spiffeId: string): string =>
  `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=URI:${spiffeId}\nauthorityKeyIdentifier=keyid\n`;

describe('fetchBundle', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let web: BundleServer;
  let byName: EndpointProof;
  const order = (url: string, change: Partial<FetchOrder> = {}): FetchOrder => ({
    ...{ trustDomain, url, proof: byName, networks, timeoutMs: 30_000, ...change },
  });
  const fetched = (url: string, change: Partial<FetchOrder> = {}, resolve?: Parameters<typeof fetchBundle>[2]) =>
    fetchBundle(order(url, change), new AbortController().signal, resolve);
  before(async () => {
    dir = await tempDir('fed-');
    makeWebCertificate(dir, 'web');
    web = await startBundleServer(dir, 'web');
    byName = { kind: 'https_web', ca: dir.at('web.pem') };
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  it('takes a bundle by https_web, through a redirect to the same place too', async () => {
    let isFirst = true;
    web.answer = (request, response) => {
      const answer = isFirst ? redirecting('/moved') : sending(document);
      isFirst = false;
      answer(request, response);
    };
    const outcome = await fetched(web.url);
    assert.ok('bundle' in outcome, failureOf(outcome));
    assert.equal(outcome.bundle.sequence, 2n ** 60n);
    assert.equal(outcome.bundle.x509Authorities.length, 1);
  });

  const bad: readonly { name: string; answer: () => RequestListener; want: RegExp }[] = [
    { name: 'a page that is no JSON', answer: () => sending('<html>'), want: /not JSON/ },
    { name: 'a key that stands there twice', answer: () => sending('{"keys":[],"keys":[]}'), want: /twice/ },
    { name: 'a body that is compressed unasked', answer: () => compressed, want: /in the encoding gzip, which nobody/ },
    { name: 'a body without end', answer: () => endless, want: /longer than 1048576 bytes/ },
    { name: '10,000 keys', answer: () => sending(tenThousand), want: /more than 200 authorities|longer than/ },
    { name: 'an error', answer: () => (_, response) => void response.writeHead(500).end(document), want: /status 500/ },
    { name: 'a redirect in a circle', answer: () => redirecting('/again'), want: /more than 5 redirects/ },
    {
      name: 'a redirect to http',
      answer: () => redirecting('http://localhost/'),
      want: /leaves https|no https address/,
    },
    {
      name: 'a redirect to another port of this machine',
      answer: () => redirecting(`https://127.0.0.1:${web.port + 1}/`),
      want: /denyNetworks forbids/,
    },
    { name: 'a redirect to localhost by name', answer: () => redirecting('https://localhost:1/'), want: /forbids/ },
    { name: 'a redirect to link-local', answer: () => redirecting('https://169.254.169.254/'), want: /forbids/ },
    { name: 'a redirect to a user', answer: () => redirecting('https://a:b@localhost/'), want: /without a user/ },
  ];
  for (const { name, answer, want } of bad)
    it(`refuses ${name}`, async () => {
      web.answer = answer();
      assert.match(failureOf(await fetched(web.url)), want);
    });

  it('says no more than a line of what an endpoint says', async () => {
    const key = { kty: 'EC', crv: 'P-256', x: '', y: '', use: 'jwt-svid', kid: 'k'.repeat(100_000) };
    web.answer = sending(JSON.stringify({ keys: [key] }));
    const failure = failureOf(await fetched(web.url));
    assert.match(failure, /kkk.*…$/);
    assert.ok(failure.length <= 501);
  });

  it('ends a fetch that is too slow', async () => {
    web.answer = (_, response) => void response.writeHead(200).write('{');
    assert.match(failureOf(await fetched(web.url, { timeoutMs: 300 })), /no answer within 300 ms/);
  });

  it('asks no name of others that leads to this machine', async () => {
    web.answer = sending(document);
    const toUs = async () => [{ address: '127.0.0.1', family: 4 }];
    assert.match(failureOf(await fetched(`https://bundle.example:${web.port}/`, {}, toUs)), /denyNetworks forbids/);
  });

  it('believes no endpoint whose certificate is of nobody that it knows', async () => {
    web.answer = sending(document);
    assert.match(failureOf(await fetched(web.url, { proof: { kind: 'https_web', ca: undefined } })), /self-signed/);
  });

  describe('by https_spiffe', () => {
    const id = parseSpiffeId('spiffe://other.example/endpoint');
    let roots: readonly Uint8Array[];
    before(() => {
      roots = fromPem('CERTIFICATE', makeCertificate(dir, { name: 'root' }));
      const leaves = [
        { name: 'right', spiffeId: id },
        { name: 'another', spiffeId: 'spiffe://other.example/another' },
        { name: 'foreign', spiffeId: 'spiffe://third.example/endpoint' },
      ];
      for (const { name, spiffeId } of leaves)
        makeCertificate(dir, { name, issuer: 'root', extensions: leafOf(spiffeId) });
      makeCertificate(dir, { name: 'stranger' });
      makeCertificate(dir, { name: 'planted', issuer: 'stranger', extensions: leafOf(id) });
    });
    const shown: readonly { name: string; want: RegExp }[] = [
      { name: 'right', want: /^none$/ },
      { name: 'another', want: /shows the SVID of spiffe:\/\/other.example\/another/ },
      { name: 'foreign', want: /shows the SVID of spiffe:\/\/third.example\/endpoint/ },
      { name: 'planted', want: /unable to (verify|get)/ },
    ];
    for (const { name, want } of shown)
      it(`judges an endpoint that shows the leaf "${name}"`, async () => {
        await using server = await startBundleServer(dir, name);
        server.answer = sending(document);
        const proof = { kind: 'https_spiffe', endpointSpiffeId: id, authorities: roots } as const;
        assert.match(failureOf(await fetched(server.url, { proof })), want);
      });

    it('follows a redirect only to who shows the same SVID', async () => {
      await using first = await startBundleServer(dir, 'right');
      await using second = await startBundleServer(dir, 'another');
      second.answer = sending(document);
      first.answer = redirecting(second.url);
      const proof = { kind: 'https_spiffe', endpointSpiffeId: id, authorities: roots } as const;
      const outcome = await fetched(first.url, {
        proof,
        networks: { ...networks, allowNetworks: ['127.0.0.0/8', '::1'] },
      });
      assert.match(failureOf(outcome), /shows the SVID of spiffe:\/\/other.example\/another/);
      assert.equal(second.asked(), 0);
    });
  });
});

const compressed: RequestListener = (_, response) =>
  void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(document));
const endless: RequestListener = (_, response) => {
  response.writeHead(200);
  const more = (): void => {
    if (!response.destroyed && response.write('x'.repeat(65_536))) setImmediate(more);
  };
  response.on('drain', more);
  more();
};
const tenThousand = JSON.stringify({
  keys: Array.from({ length: 10_000 }, (_, i) => ({ kty: 'RSA', use: 'jwt-svid', kid: `${i}`, n: 'AQAB', e: 'AQAB' })),
});
