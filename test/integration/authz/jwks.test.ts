import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { afterEach, before, beforeEach, describe, it } from 'mocha';
import { createAddressGuard, type JwksNetworks } from '../../../src/authz/jwks/address-guard.ts';
import type { KeySetDocument } from '../../../src/authz/jwks/documents.ts';
import { createJwksFetcher, type FetchAttempt, type JwksFetcher } from '../../../src/authz/jwks/fetcher.ts';
import { httpGet, type Resolve } from '../../../src/authz/jwks/http-get.ts';
import { importKeySets } from '../../../src/authz/jwks/import-key-sets.ts';
import { createTokenVerifier } from '../../../src/authz/jwt/verifier.ts';
import type { KeySource, TokenRule } from '../../../src/policy/model.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { requestOf } from '../../support/token-cases.ts';
import { type Issuing, issuingKey, keySetText, mint, tokenRule } from '../../support/tokens.ts';

const iss = 'https://issuer.example';
const minute = 60_000;
const loopback: JwksNetworks = { denyNetworks: ['169.254.0.0/16', 'fe80::/10'], allowNetworks: ['127.0.0.1/32'] };

/** An issuer's web server whose behaviour can be changed; counts what it is asked. */
async function startIssuer(behave: RequestListener) {
  let behaviour = behave;
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    behaviour(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get asked() {
      return asked;
    },
    behave(next: RequestListener) {
      behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
type Issuer = Awaited<ReturnType<typeof startIssuer>>;

/** A fetcher whose time and attempts are the test's own. */
function startFetcher(networks = loopback, resolve?: Resolve) {
  let now = 1_000_000_000_000;
  let tick: () => void = () => undefined;
  const attempts: FetchAttempt[] = [];
  let heard: (() => void) | undefined;
  const guard = createAddressGuard(networks);
  const fetcher = createJwksFetcher({
    clock: { now: () => now },
    ticks: {
      subscribe(listener) {
        tick = listener;
        return () => undefined;
      },
    },
    get: (uri, timeoutMs, signal) =>
      httpGet(uri, { guard, timeoutMs, signal, ...(resolve === undefined ? {} : { resolve }) }),
    report: (attempt) => {
      attempts.push(attempt);
      heard?.();
    },
  });
  return {
    fetcher,
    attempts,
    /** Lets time pass, and the fetcher notice. */
    pass(ms: number) {
      now += ms;
      tick();
    },
    /** Resolves when there have been so many attempts in all. */
    async attempted(count: number): Promise<FetchAttempt> {
      while (attempts.length < count) {
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
      return attempts[count - 1]!;
    },
  };
}
type Rig = ReturnType<typeof startFetcher>;

const source = (uri: string): KeySource => ({ from: 'uri', id: `uri:${uri}`, uri });
const rule = (keys: KeySource, fields: Partial<TokenRule> = {}): TokenRule => tokenRule('', { keys, ...fields });
const documentOf = (fetcher: JwksFetcher): KeySetDocument => [...fetcher.documents.value.documents.values()][0]!;
const send =
  (text: string): RequestListener =>
  (_, response) =>
    void response.end(text);
const redirect =
  (location: string, status = 302): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { location }).end();

describe('key sets from a web server', () => {
  let first: Issuing;
  let second: Issuing;
  let issuer: Issuer;
  let rig: Rig;
  let good: string;
  let rotated: string;

  before(async () => {
    first = await issuingKey('ES256');
    second = await issuingKey('EdDSA');
    good = keySetText({ ...first.jwk, kid: 'first' });
    rotated = keySetText({ ...second.jwk, kid: 'second' });
  });
  beforeEach(async () => {
    issuer = await startIssuer((_, response) => void response.end(good));
    rig = startFetcher();
  });
  afterEach(async () => {
    await rig.fetcher[Symbol.asyncDispose]();
    await issuer[Symbol.asyncDispose]();
  });

  /** What a token gets with the key sets that are there now. */
  async function verdict(keys: KeySource, token: string): Promise<string> {
    const keySets = await importKeySets(structuredClone(rig.fetcher.documents.value));
    const request = requestOf([['authorization', `Bearer ${token}`]]);
    const answer = createTokenVerifier()(request, [rule(keys)], keySets, Date.now());
    const kid = answer.unknownKid === undefined ? '' : ` (unknown kid ${answer.unknownKid.kid})`;
    return (answer.outcome === 'rejected' ? answer.body : answer.outcome) + kid;
  }

  it('are fetched at once and make tokens pass', async () => {
    const keys = source(`${issuer.url}/keys`);
    const token = await mint(first, { iss }, { kid: 'first' });
    rig.fetcher.wanted([rule(keys)]);
    assert.equal(await verdict(keys, token), 'Jwks remote fetch is failed');
    await rig.attempted(1);
    assert.equal(await verdict(keys, token), 'accepted');
    assert.equal(issuer.asked, 1);
  });

  it('are fetched once for many rules, and forgotten with the last of them', async () => {
    const keys = source(issuer.url);
    rig.fetcher.wanted([rule(keys), rule(keys)]);
    await rig.attempted(1);
    rig.fetcher.wanted([rule(keys)]);
    const { generation } = rig.fetcher.documents.value;
    rig.fetcher.wanted([rule(keys)]);
    assert.equal(rig.fetcher.documents.value.generation, generation);
    rig.fetcher.wanted([]);
    assert.equal(rig.fetcher.documents.value.documents.size, 0);
    assert.equal(issuer.asked, 1);
  });

  it('are refreshed after 20 minutes; the generation rises only if they changed', async () => {
    rig.fetcher.wanted([rule(source(issuer.url))]);
    await rig.attempted(1);
    const { generation } = rig.fetcher.documents.value;
    rig.pass(19 * minute);
    assert.equal(issuer.asked, 1);
    rig.pass(minute);
    assert.deepEqual(await rig.attempted(2), { id: `uri:${issuer.url}`, failure: undefined, changed: false });
    assert.equal(rig.fetcher.documents.value.generation, generation);
    issuer.behave(send(rotated));
    rig.pass(20 * minute);
    assert.equal((await rig.attempted(3)).changed, true);
    assert.equal(rig.fetcher.documents.value.generation, generation + 1);
  });

  it('are kept while the server is down, and asked for after 1, 2, 4 … 60 minutes', async () => {
    const keys = source(issuer.url);
    const token = await mint(first, { iss }, { kid: 'first' });
    rig.fetcher.wanted([rule(keys)]);
    await rig.attempted(1);
    issuer.behave((_, response) => void response.socket?.destroy());
    rig.pass(20 * minute);
    assert.match((await rig.attempted(2)).failure ?? '', /socket hang up/);
    assert.equal(await verdict(keys, token), 'accepted');
    for (const [index, wait] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
      rig.pass(wait * minute - 1);
      assert.equal(rig.attempts.length, index + 2, `before ${wait} minutes`);
      rig.pass(1);
      await rig.attempted(index + 3);
    }
    issuer.behave(send(rotated));
    rig.pass(60 * minute);
    assert.equal((await rig.attempted(11)).failure, undefined);
    assert.equal(await verdict(keys, token), "Jwks doesn't have key to match kid or alg from Jwt (unknown kid first)");
  });

  it('that were down at the start come with the first retry', async () => {
    issuer.behave((_, response) => void response.writeHead(503).end());
    const keys = source(issuer.url);
    rig.fetcher.wanted([rule(keys)]);
    assert.match((await rig.attempted(1)).failure ?? '', /status 503/);
    assert.equal(await verdict(keys, await mint(first, { iss })), 'Jwks remote fetch is failed');
    issuer.behave(send(good));
    rig.pass(minute);
    await rig.attempted(2);
    assert.equal(await verdict(keys, await mint(first, { iss })), 'accepted');
  });

  it('are fetched again for an unknown kid, once in half a minute however many there are', async () => {
    const keys = source(issuer.url);
    const token = await mint(second, { iss }, { kid: 'second' });
    rig.fetcher.wanted([rule(keys)]);
    await rig.attempted(1);
    issuer.behave(send(rotated));
    rig.fetcher.wake(keys.id, 'second');
    assert.equal(rig.attempts.length, 1);
    rig.pass(30_000);
    assert.match(await verdict(keys, token), /unknown kid second/);
    for (let i = 0; i < 1000; i++) rig.fetcher.wake(keys.id, `kid-${i}`);
    await rig.attempted(2);
    assert.equal(await verdict(keys, token), 'accepted');
    for (let i = 0; i < 1000; i++) rig.fetcher.wake(keys.id, `kid-${i}`);
    assert.equal(issuer.asked, 2);
  });

  it('are not asked for by unknown kids while their server fails', async () => {
    const keys = source(issuer.url);
    issuer.behave((_, response) => void response.writeHead(500).end());
    rig.fetcher.wanted([rule(keys)]);
    await rig.attempted(1);
    rig.pass(45_000);
    rig.fetcher.wake(keys.id, 'x');
    rig.fetcher.wake('uri:nobody', 'x');
    assert.equal(issuer.asked, 1);
  });

  const bad: {
    readonly name: string;
    readonly behave: RequestListener;
    readonly want: RegExp;
    readonly fetchTimeoutMs?: number;
  }[] = [
    { name: 'HTML', behave: send('<html><body>Log in</body></html>'), want: /no JSON object with a list named keys/ },
    { name: 'JSON without keys', behave: send('{"issuer":"x"}'), want: /no JSON object with a list named keys/ },
    { name: 'keys that are no list', behave: send('{"keys":{}}'), want: /no JSON object with a list named keys/ },
    { name: 'an empty list', behave: send('{"keys":[]}'), want: /no key that can verify/ },
    {
      name: 'unusable keys',
      behave: send('{"keys":[{"kty":"RSA","n":"AQ","e":"AQ"},{"kty":"x"},5]}'),
      want: /no key that can verify/,
    },
    { name: '10 MB', behave: send(`{"keys":[],"x":"${'x'.repeat(10_000_000)}"}`), want: /longer than 1048576 bytes/ },
    { name: 'silence', behave: () => undefined, want: /no answer within 200 ms/, fetchTimeoutMs: 200 },
    {
      name: 'a slow body',
      behave: (_, response) => void response.write('{"keys"'),
      want: /no answer within 200 ms/,
      fetchTimeoutMs: 200,
    },
    {
      name: 'a redirect to a link-local address',
      behave: redirect('http://169.254.169.254/latest/meta-data'),
      want: /169\.254\.169\.254, which jwks\.denyNetworks forbids/,
    },
    { name: 'a redirect to IPv6 link-local', behave: redirect('http://[fe80::1]/'), want: /denyNetworks forbids/ },
    {
      name: 'a redirect to a mapped address',
      behave: redirect('http://[::ffff:169.254.169.254]/'),
      want: /denyNetworks forbids/,
    },
    {
      name: 'a redirect to another loopback address',
      behave: redirect('http://127.0.0.2:1/'),
      want: /127\.0\.0\.2, which jwks\.denyNetworks forbids/,
    },
    {
      name: 'a redirect to a number that is an address',
      behave: redirect('http://0xa9fea9fe/'),
      want: /denyNetworks forbids/,
    },
    { name: 'a redirect to a file', behave: redirect('file:///etc/passwd'), want: /no http or https address/ },
    { name: 'redirects without end', behave: redirect('/again'), want: /more than 5 redirects/ },
    { name: 'no document', behave: (_, response) => void response.writeHead(404).end(), want: /status 404/ },
  ];
  for (const { name, behave, want, fetchTimeoutMs = 20_000 } of bad) {
    it(`are kept if the server answers with ${name}`, async () => {
      const keys = source(issuer.url);
      rig.fetcher.wanted([rule(keys, { fetchTimeoutMs })]);
      await rig.attempted(1);
      issuer.behave(behave);
      rig.pass(20 * minute);
      assert.match((await rig.attempted(2)).failure ?? '', want);
      assert.equal(documentOf(rig.fetcher).jwks, good);
      assert.equal(await verdict(keys, await mint(first, { iss })), 'accepted');
    });
  }

  it('may come by a redirect', async () => {
    issuer.behave((request, response) =>
      (request.url === '/' ? redirect('/keys', 307) : send(good))(request, response),
    );
    rig.fetcher.wanted([rule(source(issuer.url))]);
    assert.equal((await rig.attempted(1)).failure, undefined);
    assert.equal(issuer.asked, 2);
  });

  it('are found by discovery at the issuer', async () => {
    const answers: Record<string, string> = {
      '/tenant/.well-known/openid-configuration': JSON.stringify({ issuer: 'x', jwks_uri: `${issuer.url}/keys` }),
      '/keys': good,
    };
    issuer.behave((request, response) => void response.end(answers[request.url ?? ''] ?? 'nothing'));
    const keys: KeySource = { from: 'discovery', id: 'discovery:x', issuer: `${issuer.url}/tenant/` };
    rig.fetcher.wanted([rule(keys)]);
    await rig.attempted(1);
    assert.equal(documentOf(rig.fetcher).jwks, good);
    answers['/tenant/.well-known/openid-configuration'] = '{"jwks_uri":"http://169.254.1.1/"}';
    rig.pass(20 * minute);
    assert.match((await rig.attempted(2)).failure ?? '', /denyNetworks/);
    answers['/tenant/.well-known/openid-configuration'] = '[]';
    rig.pass(minute);
    assert.match((await rig.attempted(3)).failure ?? '', /no JSON object with a text named jwks_uri/);
    assert.equal(documentOf(rig.fetcher).jwks, good);
  });

  it('are not fetched from loopback unless that is allowed', async () => {
    await using mine = startFetcher({ denyNetworks: [], allowNetworks: [] }).fetcher;
    const heard = new Promise<void>((resolve) =>
      mine.documents.subscribe(({ generation }) => generation > 1 && resolve()),
    );
    mine.wanted([rule(source(issuer.url))]);
    await heard;
    assert.match(
      documentOf(mine).failure ?? '',
      /127\.0\.0\.1, which jwks\.denyNetworks forbids; if it is meant, name it in jwks\.allowNetworks/,
    );
    assert.equal(issuer.asked, 0);
  });

  it('are fetched from the address that was checked, whatever the name says the next time', async () => {
    const answers = ['127.0.0.1', '169.254.169.254'];
    const mine = startFetcher(loopback, async () => [{ address: answers.shift() ?? '', family: 4 }]);
    await using fetcher = mine.fetcher;
    fetcher.wanted([rule(source(`http://keys.example:${issuer.port}/`))]);
    assert.equal((await mine.attempted(1)).failure, undefined);
    mine.pass(20 * minute);
    assert.match((await mine.attempted(2)).failure ?? '', /keys\.example is at 169\.254\.169\.254, which/);
    assert.equal(issuer.asked, 1);
  });

  it('end with the fetcher', async () => {
    issuer.behave(() => undefined);
    rig.fetcher.wanted([rule(source(issuer.url), { fetchTimeoutMs: 60_000 })]);
    await rig.fetcher[Symbol.asyncDispose]();
    assert.equal(rig.attempts.length, 0);
  });
});

describe('key sets from elsewhere', () => {
  it('stand in the rule, or in a file', async () => {
    await using directory = await tempDir();
    const text = keySetText((await issuingKey('ES256')).jwk);
    await writeFile(directory.at('keys.json'), text);
    const rig = startFetcher();
    await using fetcher = rig.fetcher;
    const inline: KeySource = { from: 'inline', id: 'inline:x', jwks: text };
    const file = source(pathToFileURL(directory.at('keys.json')).href);
    const missing = source(pathToFileURL(directory.at('nothing.json')).href);
    fetcher.wanted([rule(inline), rule(file), rule(missing)]);
    assert.equal(fetcher.documents.value.documents.get('inline:x')?.jwks, text);
    await rig.attempted(2);
    assert.equal(fetcher.documents.value.documents.get(file.id)?.jwks, text);
    assert.match(fetcher.documents.value.documents.get(missing.id)?.failure ?? '', /nothing\.json: ENOENT/);
  });
});
