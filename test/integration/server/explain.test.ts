import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { Explanation } from '../../../src/analysis/explain.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { allowing, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { gatehouseCommand, runGatehouse } from '../../support/run-gatehouse.ts';

const request = {
  source: { principal: 'spiffe://cluster.local/ns/default/sa/productpage' },
  destination: { principal: 'spiffe://cluster.local/ns/default/sa/details' },
  http: { method: 'POST', path: '/details/1', host: 'details' },
};

interface Answer {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

async function gatehouse(...args: readonly string[]): Promise<Answer> {
  await using child = startChild(...gatehouseCommand(...args));
  const code = await child.ended;
  return { code, out: child.stdout(), err: child.stderr() };
}

type Told = Explanation & { readonly asked: 'server' | 'files' };
const parsed = ({ out }: Answer): Told => JSON.parse(out) as Told; // the command's own document

describe('gatehouse policy explain', function () {
  this.timeout(300_000);

  it('asks the running server, which explains by the policies in force, and answers like its files do', async () => {
    await using dir = await gatehouseDir();
    const file = dir.at('request.json');
    writeFileSync(file, JSON.stringify(request));
    await using server = await runGatehouse(dir.config);
    const json = ['--config', dir.config, '--request', file, '--output', 'json'];
    const live = await gatehouse('policy', 'explain', ...json);
    assert.equal(live.code, 1, live.err);
    const { asked, ...told } = parsed(live);
    assert.equal(asked, 'server');
    assert.equal(told.reason, 'no_rule_allowed');
    assert.equal(told.flip.request?.text, 'would be allowed if method were "GET"');
    assert.match(told.flip.policy?.diff ?? '', /^\+.*methods: \[GET, POST\]/m);
    const { asked: alone, ...offline } = parsed(await gatehouse('policy', 'explain', '--offline', ...json));
    assert.equal(alone, 'files');
    assert.deepEqual(offline, told);

    await dir.policy('details', allowing('POST'));
    await eventually('the new policy explains', async () =>
      (await gatehouse('policy', 'explain', ...json)).code === 0 ? true : undefined,
    );
    assert.equal(server.ready.admin, `unix:${dir.at('run/admin.sock')}`);
  });

  it('asks the files when no server runs, and says so', async () => {
    await using dir = await gatehouseDir();
    const file = dir.at('request.json');
    writeFileSync(file, JSON.stringify({ ...request, http: { ...request.http, method: 'GET' } }));
    const { code, out, err } = await gatehouse('policy', 'explain', '--config', dir.config, '--request', file);
    assert.equal(code, 0, err);
    assert.match(err, /no server runs/);
    assert.match(out, /^ALLOW {2}allowed by default\/details-viewer rule 0/);
  });

  it('cannot say: no request, no such server', async () => {
    await using dir = await gatehouseDir();
    const file = dir.at('request.json');
    writeFileSync(file, JSON.stringify({ http: { methods: 'GET' } }));
    const bad = await gatehouse('policy', 'explain', '--offline', '--config', dir.config, '--request', file);
    assert.equal(bad.code, 2);
    assert.match(bad.err, /http: there is no "methods" \(did you mean method\?\)/);
    writeFileSync(file, JSON.stringify(request));
    const away = await gatehouse('policy', 'explain', '--admin', `unix:${dir.at('none.sock')}`, '--request', file);
    assert.equal(away.code, 2);
    assert.match(away.err, /no server runs there/);
  });

  it('answers POST /v1/explain with a form, and names what is wrong with one', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    const ask = (body: unknown) => askAdmin(server.ready.admin, 'POST', '/v1/explain', body);
    const good = await ask(request);
    assert.equal(good.status, 200);
    assert.equal((good.body as Told).reason, 'no_rule_allowed');
    const bad = await ask({ checkRequest: 7 });
    assert.equal(bad.status, 400);
    const raw = await ask({ checkRequest: Buffer.from('junk!').toString('base64') });
    assert.equal((raw.body as Told).reason, 'malformed_request');
  });
});
