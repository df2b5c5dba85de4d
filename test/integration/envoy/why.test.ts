import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Derivation } from '../../../src/admin-api/decisions.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { startHttpEcho } from '../../support/echo-app.ts';
import { startGuardedServer } from '../../support/guarded-server.ts';
import { projectRoot } from '../../support/run-gatehouse.ts';
import type { ClientIdentity } from '../../support/svid-of.ts';

const policy = (name: string): string => readFileSync(join(projectRoot, 'deploy/policies', name), 'utf8');

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

function ask(port: number, method: string, path: string, identity: ClientIdentity): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // the server shows a SPIFFE ID and no host name; the client's trust in it is not what this test is about
    const tls = { cert: identity.cert, key: identity.key, rejectUnauthorized: false };
    request({ ...tls, host: '127.0.0.1', port, method, path, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    })
      .on('error', reject)
      .end();
  });
}

describe('a decision of a real Envoy', function () {
  this.timeout(300_000);

  it('is told to the client in x-gatehouse-decision, allow and deny, and derived again by the id that it names', async () => {
    await using app = await startHttpEcho();
    await using server = await startGuardedServer({
      upstreamPort: app.port,
      policies: { 'details-viewer.yaml': policy('details-viewer.yaml') },
      config: { extAuthz: { decisionHeader: true } },
    });
    const productpage = await server.identity('productpage');
    for (const [method, status, told] of [
      ['GET', 200, /^allow; reason=rule_allowed; policy=default\/details-viewer; rule=0; id=(\S{22})$/],
      ['POST', 403, /^deny; reason=no_rule_allowed; id=(\S{22})$/],
    ] as const) {
      const answer = await ask(server.port, method, `/details/1?access_token=secret`, productpage);
      assert.equal(answer.status, status);
      const id = told.exec(String(answer.headers['x-gatehouse-decision']))?.[1];
      assert.ok(id, JSON.stringify(answer.headers));
      const line = await server.logged((each) => each['decision_id'] === id);
      assert.equal(line['method'], method);
      const { body } = await askAdmin(server.gatehouse().ready.admin, 'GET', `/v1/decisions/${id}`);
      const derivation = body as Derivation; // our own shape
      assert.equal(derivation.reproduced, true);
      assert.equal(derivation.now?.destination?.spiffeId, 'spiffe://cluster.local/ns/default/sa/bookinfo-details');
      assert.doesNotMatch(JSON.stringify(derivation), /=secret/);
    }
  });

  it('is told to nobody unless the operator says so', async () => {
    await using app = await startHttpEcho();
    await using server = await startGuardedServer({
      upstreamPort: app.port,
      policies: { 'details-viewer.yaml': policy('details-viewer.yaml') },
    });
    const { status, headers } = await ask(server.port, 'GET', '/details/1', await server.identity('productpage'));
    assert.equal(status, 200);
    assert.equal(headers['x-gatehouse-decision'], undefined);
  });
});
