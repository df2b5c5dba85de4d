import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Derivation } from '../../../src/admin-api/decisions.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { allowing, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { gatehouseCommand, runGatehouse } from '../../support/run-gatehouse.ts';
import { issuingKey, mint } from '../../support/tokens.ts';

async function gatehouse(...args: readonly string[]) {
  await using child = startChild(...gatehouseCommand(...args));
  const code = await child.ended;
  return { code, out: child.stdout(), err: child.stderr() };
}

/** Asks, and answers with the decision's id from the metadata. */
async function decided(extAuthz: string, ...args: Parameters<typeof question>): Promise<string> {
  using client = checkClient(extAuthz);
  const answer = await client.ask(question(...args));
  assert.ok('response' in answer, JSON.stringify(answer));
  const ours = answer.response.dynamicMetadata?.['gatehouse'] as { id: string }; // the contract's own shape
  return ours.id;
}

const derive = async (admin: string, id: string): Promise<Derivation> => {
  const { status, body } = await askAdmin(admin, 'GET', `/v1/decisions/${id}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as Derivation; // our own shape
};

describe('gatehouse why', function () {
  this.timeout(300_000);

  it('derives decisions of every decider by their ids, right after they were made', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, extAuthz: { workers: 2 } });
    await using server = await runGatehouse(dir.config);
    const { admin, extAuthz } = server.ready;
    const epochs = new Set<string>();
    for (let i = 0; i < 4; i++) {
      const id = await decided(extAuthz, i % 2 === 0 ? 'POST' : 'GET');
      epochs.add(id.slice(0, 11));
      const told = await derive(admin, id);
      assert.equal(told.record.id, id);
      assert.equal(told.record.decision, i % 2 === 0 ? 'deny' : 'allow');
      assert.equal(told.reproduced, true);
      assert.deepEqual(told.before, told.now);
    }
    assert.equal(epochs.size, 2, 'both deciders were asked');
  });

  it('prints the derivation with the patch; says so when other policies are in force now', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    const { admin, extAuthz } = server.ready;
    const id = await decided(extAuthz, 'POST');
    const first = await gatehouse('why', id, '--config', dir.config);
    assert.equal(first.code, 1, first.err);
    assert.match(first.out, /^DENY {2}no_rule_allowed\n/);
    assert.match(first.out, /generation 1, which is in force/);
    assert.match(first.out, /^ +\+.*methods: \[GET, POST\]/m);

    await dir.policy('details', allowing('POST'));
    await eventually('the policy has changed', async () =>
      (await derive(admin, id)).inForce === 2 ? true : undefined,
    );
    const told = await derive(admin, id);
    assert.equal(told.before?.decision, 'deny');
    assert.equal(told.now?.decision, 'allow');
    assert.equal(told.reproduced, true);
    const second = await gatehouse('why', id, '--config', dir.config);
    assert.match(second.out, /generation 1; now generation 2 is in force/);
    assert.match(second.out, /NOW, UNDER GENERATION 2, IT WOULD BE ALLOW/);
  });

  it('writes the decision as a policy test, which passes, and adds a second to the same file', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    const file = dir.at('tests.yaml');
    for (const method of ['GET', 'POST']) {
      const id = await decided(server.ready.extAuthz, method);
      await gatehouse('why', id, '--as-test', file, '--config', dir.config);
    }
    const { tests } = parse(readFileSync(file, 'utf8')) as { tests: { expect: unknown }[] };
    assert.deepEqual(
      tests.map(({ expect }) => expect),
      [
        { decision: 'allow', reason: 'rule_allowed', policy: 'default/details-viewer', rule: 0 },
        { decision: 'deny', reason: 'no_rule_allowed', policy: null, rule: null },
      ],
    );
    const run = await gatehouse('policy', 'test', file, '--config', dir.config);
    assert.equal(run.code, 0, run.out + run.err);
  });

  it('replays a token by its claims, and keeps the token itself nowhere', async () => {
    const key = await issuingKey('ES256');
    const jwks = JSON.stringify({ keys: [{ ...key.jwk, kid: 'k', alg: key.alg }] });
    await using dir = await gatehouseDir();
    await dir.policy(
      'tokens',
      `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: tokens, namespace: default }
spec: { jwtRules: [{ issuer: shop, jwks: '${jwks}', forwardOriginalToken: true, fromParams: [jwt], fromHeaders: [{ name: Authorization, prefix: "Bearer " }] }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: details-viewer, namespace: default }
spec:
  rules:
  - from: [{ source: { requestPrincipals: [shop/alice] } }]
    when:
    - { key: "request.headers[authorization]", values: ["Bearer *"] }
    - { key: "request.auth.claims[role]", values: [reader] }
`,
    );
    await dir.policy('details', 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\n');
    await using server = await runGatehouse(dir.config);
    const { admin, extAuthz } = server.ready;
    const token = await mint(key, { iss: 'shop', sub: 'alice', role: 'writer' }, { kid: 'k' });
    const id = await decided(extAuthz, 'GET', `/details/1?jwt=${token}&page=2`, { authorization: `Bearer ${token}` });
    const told = await derive(admin, id);
    assert.equal(told.record.reason, 'no_rule_allowed');
    assert.equal(told.reproduced, true);
    assert.match(told.now?.nearMisses[0]?.first.text ?? '', /claim role is "writer", must be "reader"/);
    const [head, , signature] = token.split('.');
    const everything = JSON.stringify(told) + server.log();
    assert.ok(!everything.includes(head!) && !everything.includes(signature!));
    assert.match(JSON.stringify(told.test), /"claims":\{"iss":"shop","sub":"alice","role":"writer"\}/);
  });

  it('says what may have become of an id that is not kept', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    const { code, err } = await gatehouse('why', 'nobody-has-this-one-00', '--config', dir.config);
    assert.equal(code, 2);
    assert.match(err, /no decision nobody-has-this-one-00 is kept: .*before the last start.*pushed out/);
    assert.equal((await askAdmin(server.ready.admin, 'GET', '/v1/decisions/')).status, 404);
  });
});
