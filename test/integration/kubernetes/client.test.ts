import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { type KubernetesClient, kubernetesClient } from '../../../src/platform/kubernetes/client.ts';
import { inClusterAccess } from '../../../src/platform/kubernetes/in-cluster.ts';
import { KubernetesError } from '../../../src/platform/kubernetes/kubernetes-error.ts';
import {
  type Asked,
  added,
  bookmark,
  type FakeApiServer,
  fakeApiServer,
  status,
} from '../../support/kubernetes/fake-api-server.ts';
import { makeCertificate } from '../../support/openssl-ca.ts';

const ok = (asked: Asked): void => asked.json(200, { path: asked.path });

async function refusedWith(asking: Promise<unknown>): Promise<KubernetesError> {
  const thrown = await asking.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(thrown instanceof KubernetesError, String(thrown));
  return thrown;
}

async function withClient(
  user: (fake: FakeApiServer) => object,
  answer: (asked: Asked) => void,
  run: (client: KubernetesClient, fake: FakeApiServer) => Promise<void>,
): Promise<void> {
  await using fake = await fakeApiServer(answer);
  const client = await kubernetesClient(fake.kubeconfig({ ...user(fake) }), { silenceMs: 1_500 });
  try {
    await run(client, fake);
  } finally {
    await client.close();
  }
}

async function all(lines: AsyncIterable<unknown>): Promise<unknown[]> {
  const out: unknown[] = [];
  for await (const line of lines) out.push(line);
  return out;
}

const token = () => ({ token: 't0k' });

describe('kubernetesClient', () => {
  it('asks one after another over one pool of connections, with the token', () =>
    withClient(token, ok, async (client, fake) => {
      for (let i = 0; i < 20; i++) assert.deepEqual(await client.request({ path: `/${i}` }), { path: `/${i}` });
      assert.ok(fake.connections() <= 2, String(fake.connections()));
      assert.deepEqual(new Set(fake.asked.map(({ headers }) => headers.authorization)), new Set(['Bearer t0k']));
    }));

  it('sends a body as JSON, a patch as what it is, and the query', () =>
    withClient(token, ok, async (client, fake) => {
      await client.request({ method: 'POST', path: '/a', query: { fieldManager: 'gatehouse' }, body: { é: 1 } });
      await client.request({ method: 'PATCH', path: '/a', contentType: 'application/merge-patch+json', body: {} });
      const [post, patch] = fake.asked;
      assert.equal(post?.body, '{"é":1}');
      assert.equal(post?.headers['content-type'], 'application/json');
      assert.equal(post?.query.get('fieldManager'), 'gatehouse');
      assert.equal(patch?.headers['content-type'], 'application/merge-patch+json');
    }));

  it('throws what the Status body says', () =>
    withClient(
      token,
      (asked) => asked.json(409, status(409, 'AlreadyExists', 'pods "a" already exists')),
      async (client) => {
        const error = await refusedWith(client.request({ method: 'POST', path: '/api/v1/pods', body: {} }));
        assert.equal(error.code, 409);
        assert.equal(error.reason, 'AlreadyExists');
        assert.equal(error.message, 'POST /api/v1/pods: 409: pods "a" already exists');
      },
    ));

  for (const [header, least, most] of [
    ['7', 7_000, 7_000],
    [new Date(Date.now() + 90_000).toUTCString(), 1, 90_000],
    ['soon', undefined, undefined],
  ] as const)
    it(`reads Retry-After ${header}`, () =>
      withClient(
        token,
        (asked) => asked.json(429, status(429, 'TooManyRequests'), { 'retry-after': header }),
        async (client) => {
          const { retryAfterMs } = await refusedWith(client.request({ path: '/' }));
          if (least === undefined) assert.equal(retryAfterMs, undefined);
          else assert.ok(retryAfterMs! >= least && retryAfterMs! <= most!, String(retryAfterMs));
        },
      ));

  it('throws for an answer that is no JSON, and for one that is no Status', () =>
    withClient(
      token,
      (asked) => {
        if (asked.path === '/html') return asked.json(502, 'bad gateway');
        asked.raw('<html>');
        asked.end();
      },
      async (client) => {
        assert.equal((await refusedWith(client.request({ path: '/html' }))).code, 502);
        assert.equal((await refusedWith(client.request({ path: '/' }))).code, 0);
      },
    ));

  it('has code 0 when nobody answers, and when the certificate is of another CA', async () => {
    await using fake = await fakeApiServer(ok);
    const file = fake.kubeconfig({ token: 't' });
    const good = readFileSync(fake.caFile, 'utf8');
    makeCertificate(fake.dir, { name: 'other', commonName: 'another CA' });
    writeFileSync(fake.caFile, readFileSync(fake.dir.at('other.pem')));
    const client = await kubernetesClient(file);
    assert.equal((await refusedWith(client.request({ path: '/' }))).code, 0);
    writeFileSync(fake.caFile, good);
    await client.request({ path: '/' }); // the CA file was renewed
    await fake.down();
    assert.equal((await refusedWith(client.request({ path: '/' }))).code, 0);
    await client.close();
  });

  it('reads a token file anew when it has changed, and keeps the last one while it is gone', () =>
    withClient(
      (fake) => {
        writeFileSync(fake.dir.at('token'), 'one\n');
        return { tokenFile: 'token' };
      },
      ok,
      async (client, fake) => {
        await client.request({ path: '/' });
        writeFileSync(fake.dir.at('token'), 'two-and-longer\n');
        await client.request({ path: '/' });
        writeFileSync(fake.dir.at('token'), '');
        await client.request({ path: '/' });
        assert.deepEqual(
          fake.asked.map(({ headers }) => headers.authorization),
          ['Bearer one', 'Bearer two-and-longer', 'Bearer two-and-longer'],
        );
      },
    ));

  it('runs the program of the kubeconfig once, and again when its token is refused', () =>
    withClient(
      (fake) => {
        const script = `#!/bin/sh\nn=$(cat "$COUNT" 2>/dev/null || echo 0); n=$((n+1)); echo $n >"$COUNT"\necho "{\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"run-$n\\"}}"\n`;
        writeFileSync(fake.dir.at('plugin'), script);
        chmodSync(fake.dir.at('plugin'), 0o700);
        const apiVersion = 'client.authentication.k8s.io/v1';
        return { exec: { apiVersion, command: './plugin', env: [{ name: 'COUNT', value: fake.dir.at('count') }] } };
      },
      ok,
      async (client, fake) => {
        await Promise.all([client.request({ path: '/' }), client.request({ path: '/' })]);
        fake.answer = (asked) =>
          asked.headers.authorization === 'Bearer run-2' ? ok(asked) : asked.json(401, status(401, 'Unauthorized'));
        await client.request({ path: '/' });
        assert.deepEqual(
          fake.asked.map(({ headers }) => headers.authorization),
          ['Bearer run-1', 'Bearer run-1', 'Bearer run-1', 'Bearer run-2'],
        );
        fake.answer = (asked) => asked.json(401, status(401, 'Unauthorized'));
        assert.equal((await refusedWith(client.request({ path: '/' }))).code, 401); // no third time
      },
    ));

  it('says what the program said when it gives nothing', () =>
    withClient(
      () => ({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'false' } }),
      ok,
      async (client) => {
        assert.match(
          (await refusedWith(client.request({ path: '/' }))).message,
          /false of the kubeconfig gave no credentials/,
        );
      },
    ));

  it('reaches the API server from a pod by the files of its service account', async () => {
    await using fake = await fakeApiServer(ok);
    writeFileSync(fake.dir.at('token'), 'pod-token');
    writeFileSync(fake.dir.at('ca.crt'), readFileSync(fake.caFile));
    const port = new URL(fake.url).port;
    const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: port };
    const client = await kubernetesClient(inClusterAccess(environment, fake.dir.path));
    await client.request({ path: '/' });
    assert.equal(fake.asked[0]?.headers.authorization, 'Bearer pod-token');
    await client.close();
  });

  it('reads lines wherever they were cut, characters too', () =>
    withClient(
      token,
      (asked) => {
        const bytes = Buffer.from(
          `${JSON.stringify(added('prüfung', '1'))}\n\n${JSON.stringify(bookmark('2'))}\n{"type":`,
        );
        for (const byte of bytes) asked.raw(Buffer.of(byte));
        asked.end();
      },
      async (client) => {
        const lines = await all(client.stream({ path: '/' }));
        assert.deepEqual(lines, [added('prüfung', '1'), bookmark('2')]);
      },
    ));

  it('ends a stream in which nothing is heard any more', () =>
    withClient(
      token,
      (asked) => asked.events(added('a', '1')),
      async (client) => {
        const lines: unknown[] = [];
        const thrown = await refusedWith(
          (async () => {
            for await (const line of client.stream({ path: '/' })) lines.push(line);
          })(),
        );
        assert.equal(thrown.code, 0);
        assert.equal(lines.length, 1);
      },
    ));

  it('ends a stream that nobody wants any more', () =>
    withClient(
      token,
      (asked) => asked.events(added('a', '1')),
      async (client) => {
        const ended = new AbortController();
        for await (const _ of client.stream({ path: '/', signal: ended.signal })) break;
        const second = client.stream({ path: '/', signal: ended.signal });
        const thrown = refusedWith(all(second));
        ended.abort();
        assert.equal((await thrown).code, 0);
      },
    ));
});
