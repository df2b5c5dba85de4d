import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askHttp, type HttpAnswer, type HttpQuestion } from '../../support/ask-http.ts';
import { type EchoApp, startHttpEcho } from '../../support/echo-app.ts';
import { type GuardedServer, startGuardedServer } from '../../support/guarded-server.ts';
import { newEcKey, openssl } from '../../support/openssl.ts';
import { projectRoot } from '../../support/run-gatehouse.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const policy = (name: string): string => readFileSync(join(projectRoot, 'deploy/policies', name), 'utf8');
const PRODUCTPAGE = 'spiffe://cluster.local/ns/default/sa/bookinfo-productpage';

/** What the application saw. */
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

describe('HTTP through a real Envoy that asks Gatehouse', function () {
  this.timeout(300_000);
  let app: EchoApp;
  let server: GuardedServer;
  let productpage: ClientIdentity;
  let reviews: ClientIdentity;

  before(async () => {
    app = await startHttpEcho();
    server = await startGuardedServer({
      upstreamPort: app.port,
      policies: {
        'details-viewer.yaml': policy('details-viewer.yaml'),
        'details-private.yaml': policy('details-private.yaml'),
      },
    });
    [productpage, reviews] = await Promise.all([server.identity('productpage'), server.identity('reviews')]);
  });

  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });

  const ask = (more: Omit<HttpQuestion, 'port'>): Promise<HttpAnswer> => askHttp({ port: server.port, ...more });

  for (const version of ['http1', 'http2'] as const) {
    describe(version, () => {
      it('lets a reader read, and says in the access log which rule allowed it', async () => {
        const path = `/details/${randomUUID()}`;
        const { status, body } = await ask({ identity: productpage, version, path: `${path}?access_token=secret` });
        assert.equal(status, 200, body);
        const line = await server.logged((each) => each['path'] === path);
        assert.equal(line['caller'], PRODUCTPAGE);
        assert.equal(line['decision'], 'allow');
        assert.equal(line['reason'], 'rule_allowed');
        assert.equal(line['policy'], 'default/details-viewer');
        assert.equal(line['rule'], 0);
        assert.match(String(line['decision_id']), /^\S{22}$/);
        assert.doesNotMatch(JSON.stringify(line), /secret/, 'the query is not logged');
      });

      it('refuses another method with the body that Envoy itself would give', async () => {
        const answer = await ask({ identity: productpage, version, method: 'POST', path: '/details/1' });
        assert.deepEqual(answer, { status: 403, body: 'RBAC: access denied' });
      });

      it('refuses another caller', async () => {
        assert.equal((await ask({ identity: reviews, version, path: '/details/1' })).status, 403);
      });

      it('refuses what a DENY names, however it is spelled', async () => {
        for (const path of ['/details/private', '/details/x/../private', '//details/private', '/details/%70rivate']) {
          const { status } = await ask({ identity: productpage, version, path });
          assert.equal(status, 403, path);
        }
        const line = await server.logged((each) => each['policy'] === 'default/details-private');
        assert.equal(line['reason'], 'rule_denied');
      });

      it('refuses a path with an escaped slash', async () => {
        const { status } = await ask({ identity: productpage, version, path: '/details%2fprivate' });
        assert.equal(status, 400);
      });

      it('believes the certificate and not x-forwarded-client-cert', async () => {
        const headers = { 'x-forwarded-client-cert': `By=x;Hash=0;URI=${PRODUCTPAGE}` };
        assert.equal((await ask({ identity: reviews, version, path: '/details/1', headers })).status, 403);
        const { status, body } = await ask({ identity: productpage, version, path: '/details/1', headers });
        assert.equal(status, 200);
        const seen = JSON.parse(body) as Seen;
        const names = seen.headers['x-forwarded-client-cert']?.match(/URI=[^;,]*/g);
        assert.deepEqual(names, [`URI=${PRODUCTPAGE}`], 'the application sees the true name once');
      });

      it('refuses a caller without a certificate in the handshake', async () => {
        await assert.rejects(ask({ version, path: '/details/1' }), /certificate|ECONNRESET|socket hang up|closed/i);
      });
    });
  }

  describe('certificates of others', () => {
    let files: TempDir;
    before(async () => {
      files = await tempDir();
    });
    after(() => files[Symbol.asyncDispose]());

    it('refuses the right name from a wrong authority in the handshake', async () => {
      const [key, cert] = [files.at('key.pem'), files.at('cert.pem')];
      const subject = ['-subj', '/O=elsewhere', '-addext', `subjectAltName=URI:${PRODUCTPAGE}`];
      const kind = ['-x509', ...newEcKey, '-days', '1'];
      const made = openssl(['req', ...kind, '-keyout', key, '-out', cert, ...subject]);
      assert.ok(made.ok, made.text);
      const identity = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'), ca: '' };
      await assert.rejects(ask({ identity, version: 'http1', path: '/details/1' }), /alert|ECONNRESET|unknown ca/i);
      const line = await server.logged((each) => /CERTIFICATE_VERIFY_FAILED/.test(String(each['handshake_failure'])));
      assert.ok(line);
    });
  });

  it('answers 503 while Gatehouse is killed, mTLS standing, and 200 after its restart', async () => {
    const path = `/details/${randomUUID()}`;
    await server.gatehouse().stop('SIGKILL');
    for (const version of ['http1', 'http2'] as const) {
      assert.equal((await ask({ identity: productpage, version, path })).status, 503);
    }
    const line = await server.logged((each) => each['path'] === path);
    assert.equal(line['caller'], PRODUCTPAGE, 'a new connection was made with both certificates');
    assert.equal(line['details'], 'ext_authz_error');
    await server.startGatehouse();
    const { status } = await ask({ identity: productpage, version: 'http1', path });
    assert.equal(status, 200);
  });
});
