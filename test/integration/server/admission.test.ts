import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, readFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { eventually } from '../../support/eventually.ts';
import { type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { makeCertificate } from '../../support/openssl-ca.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

const listening = { ...usualListeners, admission: '127.0.0.1:0' };
const SERVICE = 'gatehouse.gatehouse-system';

const policy = (spec: object, name = 'a') => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name, namespace: 'shop' },
  spec,
});
const review = (object: object, differs: object = {}): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      ...{ uid: 'the uid', operation: 'CREATE', namespace: 'shop', name: 'a', userInfo: { username: 'alice' } },
      ...{ kind: { group: 'security.istio.io', version: 'v1', kind: 'AuthorizationPolicy' }, object, ...differs },
    },
  });
const good = review(policy({ rules: [] }));
const bad = review(policy({ action: 'allow' }));

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly message: string };
  };
  readonly certificate: { readonly subjectaltname?: string };
}

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly type?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Asks the webhook; whom it shows is looked at by the test. */
function ask({ ready }: RunningGatehouse, body: string | Buffer, asked: Asked = {}): Promise<Answer> {
  const { method = 'POST', path = '/validate?timeout=10s', type = 'application/json', cert, key } = asked;
  const [host, port] = ready.admission!.split(':'); // configured below
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
    const options = { host, port, method, path, headers, agent: false, rejectUnauthorized: false, cert, key };
    const sent = request(options, (answer) => {
      const certificate = (answer.socket as TLSSocket).getPeerCertificate(); // of node:https
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => {
        const status = answer.statusCode ?? 0;
        const { response } = (status === 200 ? JSON.parse(text) : {}) as Pick<Answer, 'response'>; // the API's own form
        resolve({ status, text, response, certificate });
      });
    });
    sent.on('error', reject).end(body);
  });
}

describe('the admission webhook', function () {
  this.timeout(300_000);
  let dir: GatehouseDir;
  let server: RunningGatehouse;
  before(async () => {
    dir = await gatehouseDir({
      listen: listening,
      policies: { paths: ['policies'] },
      admission: { check: 'enforce', service: SERVICE },
    });
    server = await runGatehouse(dir.config);
  });
  after(async () => {
    await server?.stop();
    await dir?.[Symbol.asyncDispose]();
  });

  it('shows an SVID with the name of its Service, and asks nobody for a certificate', async () => {
    const { certificate, response } = await ask(server, good);
    assert.deepEqual(response, { uid: 'the uid', allowed: true });
    assert.match(certificate.subjectaltname ?? '', /URI:spiffe:\/\/cluster\.local\/gatehouse\/authority/);
    assert.match(certificate.subjectaltname ?? '', /DNS:gatehouse\.gatehouse-system\.svc/);
  });

  it('refuses what policy check refuses', async () => {
    const { response } = await ask(server, bad);
    assert.deepEqual([response.uid, response.allowed], ['the uid', false]);
    assert.match(response.status?.message ?? '', /spec\.action/);
  });

  const wrong: readonly { name: string; body: string | Buffer; asked?: Asked; status: number; says: RegExp }[] = [
    { name: 'another path', body: good, asked: { path: '/mutate' }, status: 404, says: /POST \/validate/ },
    { name: 'a GET', body: '', asked: { method: 'GET' }, status: 405, says: /POST/ },
    { name: 'another type of body', body: good, asked: { type: 'text/yaml' }, status: 415, says: /application\/json/ },
    { name: 'no JSON', body: '{', status: 400, says: /no JSON object/ },
    {
      name: 'an older AdmissionReview',
      body: good.replace('k8s.io/v1"', 'k8s.io/v1beta1"'),
      status: 400,
      says: /admissionReviewVersions: \[v1\]/,
    },
    { name: 'a question of more than 3 MiB', body: Buffer.alloc(3 * 1024 * 1024 + 1, ' '), status: 413, says: /3 MiB/ },
  ];
  for (const { name, body, asked, status, says } of wrong)
    it(`answers ${name} with one line`, async () => {
      const answer = await ask(server, body, asked);
      assert.equal(answer.status, status);
      assert.match(answer.text, says);
      assert.equal(answer.text.trim().split('\n').length, 1);
    });

  it('takes a question of just 3 MiB', async () => {
    const padded = Buffer.alloc(3 * 1024 * 1024, ' ');
    padded.write(good);
    assert.equal((await ask(server, padded)).response.allowed, true);
  });

  it('lets a kind in that is none of ours, and says so', async () => {
    const { text } = await ask(
      server,
      review(
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
        { kind: { group: '', version: 'v1', kind: 'ConfigMap' } },
      ),
    );
    assert.match(text, /"allowed":true.*Gatehouse does not judge ConfigMap/);
  });

  it('refuses a version of a kind of ours that it does not know', async () => {
    const future = { ...policy({ rules: [] }), apiVersion: 'security.istio.io/v9' };
    const kind = { group: 'security.istio.io', version: 'v9', kind: 'AuthorizationPolicy' };
    const { response } = await ask(server, review(future, { kind }));
    assert.match(response.status?.message ?? '', /has no version "v9"/);
  });

  it('answers many at once, each its own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        ask(server, review(policy({ action: i % 2 ? 'ALLOW' : 'allow', rules: [] }), { uid: `u${i}` })),
      ),
    );
    assert.deepEqual(
      answers.map(({ response }) => [response.uid, response.allowed]),
      answers.map((_, i) => [`u${i}`, i % 2 === 1]),
    );
  });

  it('goes on although eight callers never finish their questions', async () => {
    const [host, port] = server.ready.admission!.split(':');
    const slow = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const sent = request({
          host,
          port,
          method: 'POST',
          path: '/validate',
          headers: { 'content-type': 'application/json', 'content-length': 100 },
          agent: false,
          rejectUnauthorized: false,
        });
        sent.on('error', () => undefined); // closed in the end
        sent.write('{');
        await once(await once(sent, 'socket').then(([socket]) => socket as TLSSocket), 'secureConnect');
        return sent;
      }),
    );
    const { response } = await ask(server, good);
    assert.equal(response.uid, 'the uid');
    for (const each of slow) each.destroy();
  });

  it('counts how questions end', async () => {
    const text = await (await fetch(`http://${server.ready.health}/metrics`)).text();
    for (const outcome of ['allowed', 'refused', 'bad', 'warned'])
      assert.match(text, new RegExp(`gatehouse_admission_reviews_total\\{outcome="${outcome}"\\} [1-9]`));
  });
});

describe('the admission webhook with certificates of others', function () {
  this.timeout(300_000);

  it('answers only whom admission.clientCa vouches for, and shows what is in files, also once they change', async () => {
    await using dir = await gatehouseDir();
    const leaf = (name: string) =>
      makeCertificate(dir, {
        name,
        issuer: 'ca',
        extensions: `subjectAltName=DNS:${name}.test\nextendedKeyUsage=serverAuth,clientAuth\n`,
      });
    makeCertificate(dir, { name: 'ca' });
    makeCertificate(dir, { name: 'other' });
    for (const name of ['one', 'two', 'caller']) leaf(name);
    makeCertificate(dir, { name: 'stranger', issuer: 'other' });
    const show = async (name: string): Promise<void> => {
      await copyFile(dir.at(`${name}.key`), dir.at('tls.key'));
      await copyFile(dir.at(`${name}.pem`), dir.at('tls.crt'));
    };
    await show('one');
    await dir.configure({
      listen: { ...usualListeners, admission: { address: '127.0.0.1:0', tls: { cert: 'tls.crt', key: 'tls.key' } } },
      admission: { clientCa: 'ca.pem' },
    });
    await using server = await runGatehouse(dir.config);
    const as = async (name: string) => ({
      cert: await readFile(dir.at(`${name}.pem`), 'utf8'),
      key: await readFile(dir.at(`${name}.key`), 'utf8'),
    });
    const { response, certificate } = await ask(server, good, await as('caller'));
    assert.equal(response.allowed, true);
    assert.equal(certificate.subjectaltname, 'DNS:one.test');
    await assert.rejects(ask(server, good));
    await assert.rejects(ask(server, good, await as('stranger')));
    await show('two');
    await eventually('the new certificate is shown', async () => {
      const { certificate: shown } = await ask(server, good, await as('caller'));
      return shown.subjectaltname === 'DNS:two.test' || undefined;
    });
  });
});
