import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import type { CandidateAnswer } from '../../../src/admin-api/candidate.ts';
import type { DecisionRow } from '../../../src/admin-api/decisions.ts';
import type { StatusAnswer } from '../../../src/admin-api/status.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { allowing, type GatehouseDir, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';

const trial = { listen: usualListeners, policies: { candidate: { paths: ['./candidate'] } } };

/** A directory of which the candidate allows productpage another method. */
async function trialDir(method: string, differs: object = {}): Promise<GatehouseDir> {
  const dir = await gatehouseDir({ ...trial, ...differs });
  await mkdir(dir.at('candidate'));
  await writeFile(dir.at('candidate/details.yaml'), allowing(method));
  return dir;
}

async function candidateOf(admin: string, query = ''): Promise<CandidateAnswer> {
  const { status, body } = await askAdmin(admin, 'GET', `/v1/candidate${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as CandidateAnswer; // held to its schema by askAdmin
}

/** Once the deciders ask the candidate: before, Checks are not compared. */
async function compared(server: {
  readonly ready: { readonly admin: string; readonly extAuthz: string };
}): Promise<void> {
  await eventually('the candidate is asked by every decider', async () => {
    for (let i = 0; i < 2; i++) {
      using client = checkClient(server.ready.extAuthz); // each in turn to another decider
      await client.ask(question('GET'));
    }
    const { counts } = await candidateOf(server.ready.admin);
    return counts.same + counts.allow_to_deny > 0 || undefined;
  });
}

const metricsOf = async (health: string): Promise<string> => (await fetch(`http://${health}/metrics`)).text();

describe('a candidate set beside a server', function () {
  this.timeout(300_000);

  it('shows what it would change, derived in both ways, and changes nothing', async () => {
    await using dir = await trialDir('POST', { extAuthz: { workers: 2 } });
    await using server = await runGatehouse(dir.config);
    await compared(server);
    const before = (await candidateOf(server.ready.admin)).counts;
    for (let i = 0; i < 6; i++) {
      using client = checkClient(server.ready.extAuthz);
      const outcomes = [
        await client.ask(question('GET')),
        await client.ask(question('POST', '/details/2?access_token=secret')),
        await client.ask(question('PUT')),
        await client.ask(Buffer.from([0xff, 0xff])),
      ].map((each) => ('reason' in each ? each.reason : each.code));
      assert.deepEqual(outcomes, ['rule_allowed', 'no_rule_allowed', 'no_rule_allowed', 'malformed_request']);
    }
    const told = await candidateOf(server.ready.admin, '?order=most');
    const grown = (name: keyof typeof before): number => told.counts[name] - before[name];
    assert.deepEqual(
      [told.state, told.why, told.error, told.pushedOut, told.differenceCount],
      ['comparing', '', '', 0, 2],
    );
    assert.deepEqual([grown('allow_to_deny'), grown('deny_to_allow'), grown('same'), grown('skipped')], [6, 6, 12, 0]);
    assert.match(told.summary, /read 1 \(1 istio AuthorizationPolicy\)/);
    assert.ok(Math.abs(Date.parse(told.since ?? '') - Date.now()) < 300_000);
    const [, opened] = told.differences;
    assert.ok(opened);
    const { result, caller, destination, method, count, inForce, candidate, reproduced, example } = opened;
    const id = (name: string): string => `spiffe://cluster.local/ns/default/sa/${name}`;
    assert.deepEqual(
      [result, caller, destination, method, count, reproduced],
      ['deny_to_allow', id('productpage'), id('details'), 'POST', 6, true],
    );
    const policy = 'default/details-viewer';
    assert.deepEqual(inForce, {
      decision: 'deny',
      reason: 'no_rule_allowed',
      plane: 'istio',
      policy: null,
      rule: null,
    });
    assert.deepEqual(candidate, { decision: 'allow', reason: 'rule_allowed', plane: 'istio', policy, rule: 0 });
    assert.equal(example.request?.path, '/details/2');
    assert.doesNotMatch(JSON.stringify(told), /secret/);
    assert.deepEqual([opened.derivedInForce?.decision, opened.derivedCandidate?.decision], ['deny', 'allow']);
    assert.equal(opened.derivedCandidate?.stages.at(-1)?.policies[0]?.file, dir.at('candidate/details.yaml'));

    const { body } = await askAdmin(server.ready.admin, 'GET', '/v1/decisions');
    const { decisions } = body as { readonly decisions: readonly DecisionRow[] }; // likewise
    const seen = decisions.filter(({ request }) => request?.method === 'POST').map((each) => each.candidate);
    assert.ok(seen.length > 0);
    for (const each of seen)
      assert.deepEqual(each, { result: 'deny_to_allow', decision: 'allow', reason: 'rule_allowed', policy, rule: 0 });
    assert.ok(
      decisions.filter(({ request }) => request?.method === 'PUT').every((each) => each.candidate === undefined),
    );
    const metrics = await metricsOf(server.ready.health);
    assert.match(metrics, /gatehouse_candidate_total\{result="deny_to_allow"\} 6\n/);
    assert.match(metrics, /gatehouse_candidate_up 1\n/);

    const one = await candidateOf(server.ready.admin, '?result=deny_to_allow&derive=false&limit=1');
    assert.deepEqual([one.differenceCount, one.differences[0]?.derivedInForce], [1, null]);
  });

  it('begins anew when the candidate or what is in force becomes another', async () => {
    await using dir = await trialDir('POST');
    await using server = await runGatehouse(dir.config);
    await compared(server);
    assert.equal((await candidateOf(server.ready.admin)).differenceCount, 1);
    await dir.policy('details', allowing('POST'));
    using client = checkClient(server.ready.extAuthz);
    await eventually('both are the same', async () => {
      await client.ask(question('POST'));
      const { counts, differenceCount } = await candidateOf(server.ready.admin);
      return (counts.same > 0 && differenceCount === 0) || undefined;
    });
    await writeFile(dir.at('candidate/details.yaml'), allowing('PUT'));
    await eventually('they differ again', async () => {
      await client.ask(question('PUT'));
      const { counts, differences } = await candidateOf(server.ready.admin);
      return (counts.same === 0 && differences[0]?.result === 'deny_to_allow') || undefined;
    });
  });

  it('is broken by itself: the server starts and serves, and says so', async () => {
    await using dir = await trialDir('POST');
    await writeFile(
      dir.at('candidate/broken.yaml'),
      'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nspec: 5\n',
    );
    await using server = await runGatehouse(dir.config);
    const { admin, health, extAuthz } = server.ready;
    using client = checkClient(extAuthz);
    const isServed = async (): Promise<void> => {
      const outcome = await client.ask(question('GET'));
      assert.equal('reason' in outcome && outcome.reason, 'rule_allowed');
    };
    await isServed();
    const broken = await candidateOf(admin);
    assert.deepEqual([broken.state, broken.since, broken.counts.same], ['broken', null, 0]);
    assert.match(broken.why, /candidate\/broken\.yaml:\d+/);
    assert.ok(broken.findings.length > 0);
    const { body } = await askAdmin(admin, 'GET', '/v1/status');
    const { ready, degraded } = body as StatusAnswer; // likewise
    assert.ok(ready);
    assert.match(degraded.join(), /^candidate: .*broken\.yaml/);
    assert.match(await metricsOf(health), /gatehouse_candidate_up 0\n/);
    assert.match(server.log(), /"code":"candidate_broken"/);

    await rm(dir.at('candidate/broken.yaml'));
    await compared(server);
    assert.equal((await candidateOf(admin)).state, 'comparing');
    await rm(dir.at('candidate'), { recursive: true });
    await eventually('it is gone', async () => (await candidateOf(admin)).state === 'broken' || undefined);
    assert.match((await candidateOf(admin)).why, /does not exist/);
    await isServed();
  });

  it('says of random traffic what a second server says that runs it', async () => {
    await using dir = await trialDir('P*');
    await using other = await gatehouseDir({ listen: usualListeners });
    await other.policy('details', allowing('P*'));
    await using server = await runGatehouse(dir.config);
    await using second = await runGatehouse(other.config);
    await compared(server);
    const start = (await candidateOf(server.ready.admin)).counts;
    using here = checkClient(server.ready.extAuthz);
    using there = checkClient(second.ready.extAuthz);
    const wanted = { same: 0, allow_to_deny: 0, deny_to_allow: 0 };
    for (let i = 0; i < 300; i++) {
      const method = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'][Math.floor(Math.random() * 5)]!;
      const asked = question(method, `/${i % 7}`);
      const [one, two] = [await here.ask(asked), await there.ask(asked)].map((each) => 'status' in each && each.status);
      wanted[one === two ? 'same' : one === 200 ? 'allow_to_deny' : 'deny_to_allow'] += 1;
    }
    const { counts } = await candidateOf(server.ready.admin);
    const grown = Object.fromEntries(
      (['same', 'allow_to_deny', 'deny_to_allow'] as const).map((name) => [name, counts[name] - start[name]]),
    );
    assert.deepEqual({ ...grown, skipped: counts.skipped - start.skipped }, { ...wanted, skipped: 0 });
  });
});
