import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { startAlteredAdmin } from '../support/altered-admin.ts';
import { checkClient, question } from '../support/check-client.ts';
import { axeFindings, openPage, program, runConsole, startBrowser } from '../support/console.ts';
import { eventually } from '../support/eventually.ts';
import { allowing, gatehouseDir } from '../support/gatehouse-dir.ts';
import { runGatehouse } from '../support/run-gatehouse.ts';

const idOf = (namespace: string, name: string): string => `spiffe://cluster.local/ns/${namespace}/sa/${name}`;

/** A certificate of an hour that was issued ten minutes ago. */
const issuance = (nowMs: number) => ({
  issuedAt: new Date(nowMs - 600_000).toISOString(),
  kind: 'x509',
  spiffeId: idOf('default', 'details'),
  serial: '0a',
  authorityId: '0b',
  notBefore: new Date(nowMs - 600_000).toISOString(),
  notAfter: new Date(nowMs + 3_000_000).toISOString(),
  selectors: [],
  spkiSha256: '',
  channel: 'sds',
  consumer: '',
  bundleSequence: 1,
});

describe('the page of the console, whatever it finds', function () {
  this.timeout(300_000);
  let browser: Browser;
  before(async () => {
    browser = await startBrowser();
  });
  after(() => browser.close());

  it('says that nothing is there where nothing is, and that the server is away until it is back', async () => {
    await using dir = await gatehouseDir();
    await using first = await runGatehouse(dir.config, program);
    await using served = await runConsole('--config', dir.config);
    const { page, troubles } = await openPage(browser, served.url);
    await page.getByText('Nothing has been decided yet').waitFor();
    await page.getByRole('status').filter({ hasText: 'ready' }).waitFor();
    await first.stop('SIGKILL');
    await page.getByRole('status').filter({ hasText: 'away' }).waitFor();
    await page.getByRole('link', { name: 'Rotation' }).click();
    await page.getByRole('alert').filter({ hasText: 'no server runs there' }).first().waitFor();
    await using again = await runGatehouse(dir.config, program);
    await page.getByRole('status').filter({ hasText: 'ready' }).first().waitFor();
    await page.getByText('Yes.').waitFor();
    await page.getByRole('link', { name: 'Live' }).click();
    using asking = checkClient(again.ready.extAuthz);
    await asking.ask(question('GET'));
    await page.locator('.table-row.allow').waitFor();
    await page.getByRole('link', { name: 'Map' }).click(); // its script has come long before
    await served[Symbol.asyncDispose]();
    await page.getByRole('status').filter({ hasText: 'the console itself is away' }).waitFor();
    await page.getByRole('link', { name: 'Policies' }).click();
    await page.getByRole('heading', { name: 'Policies' }).waitFor();
    await page.getByRole('alert').filter({ hasText: 'the console itself is away' }).first().waitFor();
    assert.deepEqual(troubles, []);
  });

  it('shows a team its own, and what it may not ask in words', async () => {
    await using dir = await gatehouseDir({
      listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0', admin: '127.0.0.1:0' },
      admin: { clients: [{ id: idOf('ops', 'reader'), role: 'read', namespaces: ['default'] }] },
      workloads: [{ namespace: 'ops', serviceAccount: 'reader', socket: { path: './run/reader.sock' } }],
    });
    await mkdir(dir.at('run'), { recursive: true });
    await dir.policy(
      'bank',
      allowing('GET').replaceAll('details-viewer', 'vault-keeper').replace('namespace: default', 'namespace: bank'),
    );
    await using server = await runGatehouse(dir.config, program);
    await using served = await runConsole(
      '--admin',
      `https://${server.ready.admin}`,
      '--svid',
      `unix:${dir.at('run/reader.sock')}`,
    );
    const { page } = await openPage(browser, served.url);
    await page.getByRole('heading', { name: 'Live' }).waitFor();
    using asking = checkClient(server.ready.extAuthz);
    const asked = question('POST');
    await asking.ask({ attributes: { ...asked.attributes, destination: { principal: idOf('bank', 'vault') } } });
    await asking.ask(asked);
    await page.locator('.table-row', { hasText: 'default/details' }).waitFor();
    assert.equal(await page.locator('.table-row').count(), 1, 'not that of the bank');
    await page.getByRole('link', { name: 'Policies' }).click();
    await page.locator('.table-row', { hasText: 'default/details-viewer' }).waitFor();
    assert.equal(await page.getByText('vault-keeper').count(), 0);
    await page.getByRole('link', { name: 'Rotation' }).click();
    await page.getByRole('alert').filter({ hasText: 'needs role read without namespaces' }).first().waitFor();
  });

  it('says that a server of another version has come in its place, and goes on with what it understands', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config, program);
    await using admin = await startAlteredAdmin(server.ready.admin, dir.at('other.sock'));
    await using served = await runConsole('--admin', admin.address);
    const { page, troubles } = await openPage(browser, served.url);
    using asking = checkClient(server.ready.extAuthz);
    await asking.ask(question('GET'));
    await page.locator('.table-row.allow').first().waitFor();
    const notice = page.locator('.notice');
    assert.equal(await notice.count(), 0);
    admin.replace('9.9.9', (path, document) => {
      if (path.startsWith('/v1/status')) return { ...document, version: '9.9.9', mood: { good: ['very'] } };
      if (path.startsWith('/v1/policies')) return { ...document, planes: undefined };
      if (path.startsWith('/v1/edges')) return { ...document, edges: [{ caller: 7 }] };
      return { ...document, more: [{ of: 'it' }] };
    });
    await notice.filter({ hasText: 'version 9.9.9 answers now' }).waitFor();
    await asking.ask(question('POST'));
    await page.locator('.table-row.deny').first().waitFor(); // Live is as this page knows it, and goes on
    for (const view of ['Policies', 'Map', 'What if']) {
      await page.getByRole('link', { name: view, exact: true }).click();
      await page.getByRole('alert').filter({ hasText: '(version 9.9.9)' }).first().waitFor();
    }
    for (const view of ['Rotation', 'Certificates']) {
      await page.getByRole('link', { name: view, exact: true }).click();
      await page.locator('.boxed h2').first().waitFor();
    }
    await notice.getByRole('button', { name: 'Reload' }).click();
    await notice.filter({ hasText: 'The server is of version 9.9.9, this console of' }).waitFor();
    await page.getByRole('heading', { name: 'Certificates', exact: true }).waitFor();
    assert.deepEqual(troubles, []);
  });

  it("tells ages and what is left by the server's clock, where the browser's is an hour off", async () => {
    await using dir = await gatehouseDir();
    await using _server = await runGatehouse(dir.config, program);
    for (const clockAheadMs of [3_600_000, -3_600_000]) {
      await using served = await runConsole('--config', dir.config);
      const { page } = await openPage(browser, served.url, clockAheadMs);
      await page.route('**/ask', async (route) => {
        const isThat = route.request().postData()?.includes('"GET /v1/ledger"') === true;
        await (isThat ? route.fulfill({ json: { rows: [issuance(Date.now())] } }) : route.continue());
      });
      await page.getByRole('link', { name: 'Certificates' }).click();
      const row = page.locator('.table-row', { hasText: 'default/details' });
      await row.getByText(/^in (49m|50m)/).waitFor();
      await row.getByText(/^1\dm( \d+s)? ago$/).waitFor();
      await row.getByText('in time').waitFor();
      await page
        .locator('.health small')
        .filter({ hasText: /^\((\dm )?\d+s ago\)$/ })
        .waitFor();
      await page.getByRole('link', { name: 'Rotation' }).click();
      await page.getByText('in 364d 23h').first().waitFor();
    }
  });

  it('takes another link in the same tab', async () => {
    await using dir = await gatehouseDir();
    await using _server = await runGatehouse(dir.config, program);
    await using served = await runConsole('--config', dir.config);
    const { page } = await openPage(browser, served.url);
    await page.getByRole('heading', { name: 'Live' }).waitFor();
    const again = await page.evaluate(async () => {
      const { session } = JSON.parse(sessionStorage.getItem('gatehouse-session') ?? '{}') as { session: string };
      const answer = await fetch('/link', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${session}` },
        body: '{}',
      });
      sessionStorage.clear();
      return ((await answer.json()) as { token: string }).token;
    });
    await page.goto(`${served.address}/#token=${again}`);
    await page.getByRole('status').filter({ hasText: 'ready' }).waitFor();
    await eventually('the token is wiped', async () => (page.url().endsWith('#/live') ? true : undefined));
    assert.notEqual(await page.evaluate(() => sessionStorage.getItem('gatehouse-session')), null);
  });

  it('shows more than 60 places as a matrix with their names, and says of lists that are cut that they are', async () => {
    await using dir = await gatehouseDir();
    await using _server = await runGatehouse(dir.config, program);
    await using served = await runConsole('--config', dir.config);
    const { page, troubles } = await openPage(browser, served.url);
    await page.getByRole('heading', { name: 'Live' }).waitFor();
    const edges = Array.from({ length: 100 }, (_, i) => ({
      ...{ decider: null, caller: idOf(`n${100 + i}`, 'a'), destination: idOf(`n${100 + ((i + 3) % 100)}`, 'b') },
      ...{ namespace: 'n', port: 80, protocol: 'http', decision: i % 2 === 0 ? 'allow' : 'deny', count: 5 },
      lastAt: new Date().toISOString(),
    }));
    await page.route('**/ask', async (route) => {
      const asked = route.request().postData() ?? '';
      if (asked.includes('"GET /v1/edges"'))
        await route.fulfill({ json: { edges, edgeCount: 101, deniedCallers: [], deciders: [] } });
      else if (asked.includes('"GET /v1/ledger"'))
        await route.fulfill({ json: { rows: [issuance(Date.now())], next: 'more' } });
      else await route.continue();
    });
    await page.getByRole('link', { name: 'Map' }).click();
    await page.getByText('The 100 busiest of 101 edges').waitFor();
    await page.getByText('100 nodes are too many to draw').waitFor();
    const matrix = page.locator('.matrix');
    await matrix.hover({ position: { x: 220 + 16 * 3 + 8, y: 150 + 8 } });
    await page.locator('.matrix[title="n100 → n103: 5 allowed, 0 denied"]').waitFor();
    await matrix.hover({ position: { x: 20, y: 150 + 16 + 8 } });
    await page.locator('.matrix[title=n101]').waitFor();
    await matrix.evaluate((frame) => frame.scrollTo(16 * 10, 16 * 10));
    await matrix.hover({ position: { x: 220 + 16 * 3 + 8, y: 150 + 8 } });
    await page.locator('.matrix[title="n110 → n113: 5 allowed, 0 denied"]').waitFor();
    await page.locator('.table-row', { hasText: 'n103' }).first().waitFor();
    const cells = await page.evaluate(`[[0, 0, 7], [3, 0, 7], [4, 1, 2], [4, 1, 7]].map(([column, row, at]) =>
      document.querySelector('.matrix canvas').getContext('2d')
        .getImageData(220 + 16 * column + 7, 150 + 16 * row + at, 1, 1).data.slice(0, 3).join(' '))`);
    const want = ['246 247 249', '18 112 58', '179 38 30', '255 255 255'];
    assert.deepEqual(cells, want, 'nothing, allowed, denied, and the cross in it');
    assert.deepEqual(await axeFindings(page), []);
    const pictures = process.env['CONSOLE_PICTURES'];
    if (pictures !== undefined) await page.screenshot({ path: `${pictures}/matrix-light.png` });
    const told = { allowedBy: ['istio'], deniedBy: ['l4'], allowedByOwners: ['shop'], deniedByOwners: ['platform'] };
    const json = { pairs: [['n110/a', 'n115/b']], conflicts: [{ from: 'n111/a', to: 'n114/b', ...told }], note: '' };
    await page.route('**/allowed-pairs', (route) => route.fulfill({ json }));
    await page.getByLabel('Search').fill('n11');
    await page.getByRole('button', { name: /never seen/ }).click();
    const drawing = page.getByRole('group', { name: 'who asks whom' });
    for (const kind of ['allowed', 'denied', 'unseen', 'conflict'])
      await drawing.locator(`.edge.${kind}`).first().waitFor({ state: 'attached' });
    const conflict = page.locator('.table-row.conflict');
    await conflict.filter({ hasText: 'istio (of shop) allows, l4 (of platform) denies' }).waitFor();
    await page.getByLabel('edges: rows').focus();
    await page.keyboard.press('ArrowDown');
    await page.locator('.table-row.chosen').waitFor();
    await page.getByRole('heading', { name: 'Map' }).waitFor(); // to walk is not to go
    assert.deepEqual(await axeFindings(page), []);
    if (pictures !== undefined) await page.screenshot({ path: `${pictures}/kinds-light.png` });
    await page.getByRole('link', { name: 'Certificates' }).click();
    await page.getByText('Only the latest 1 issuances are looked at').waitFor();
    await page.getByRole('link', { name: 'Rotation' }).click();
    await page.getByText('Only the latest 1 issuances: older ones are not drawn').waitFor();
    assert.deepEqual(troubles, []);
  });

  it('draws a board of 100,000 policies, of which it shows those that are looked at', async () => {
    await using dir = await gatehouseDir();
    await using _server = await runGatehouse(dir.config, program);
    await using served = await runConsole('--config', dir.config);
    const { page, troubles } = await openPage(browser, served.url);
    await page.getByRole('heading', { name: 'Live' }).waitFor();
    const usual = {
      dialect: 'istio',
      kind: 'AuthorizationPolicy',
      namespace: 'shop',
      file: '/p/a.yaml',
      line: 1,
      column: 1,
    };
    const policies = Array.from({ length: 100_000 }, (_, i) => ({ ...usual, name: `policy-${i}` }));
    const planes = [{ id: 'istio', mode: 'enforce', stages: [{ kind: 'any-allow', policies }] }];
    const end = { pod: null, labels: { app: 'web' }, serviceAccount: 'web' };
    const tenants = {
      ...{ state: 'known', why: '', isOlder: false },
      tenants: [
        {
          ...{ tenant: 'red', direction: 'in', proved: false, extent: 'none', lostSince: new Date().toISOString() },
          leak: {
            ...{ from: { ...end, namespace: 'blue' }, to: { ...end, namespace: 'shop' }, request: 'on tcp 80' },
            ...{ by: { namespace: 'shop', name: 'policy-70000', text: 'policy-70000' }, why: 'blue reaches shop' },
          },
        },
        ...[{ tenant: 'red', direction: 'out', proved: true, extent: 'future', lostSince: null, leak: null }],
      ],
    };
    const answer = {
      generation: 1,
      counts: [],
      skipped: {},
      summary: 'read 100,000',
      degraded: [],
      findings: [],
      planes,
    };
    await page.route('**/ask', async (route) => {
      const isThat = route.request().postData()?.includes('"GET /v1/policies"') === true;
      if (route.request().postData()?.includes('"GET /v1/tenants"') === true) await route.fulfill({ json: tenants });
      else await (isThat ? route.fulfill({ json: answer }) : route.continue());
    });
    await page.getByRole('link', { name: 'Policies' }).click();
    await page.locator('.table-row', { hasText: 'shop/policy-0' }).first().waitFor();
    const lost = page.getByRole('table', { name: 'tenants' }).locator('.table-row', { hasText: 'blue reaches shop' });
    await lost.getByText('no: this passes today').waitFor();
    assert.match((await lost.getByRole('link').getAttribute('href')) ?? '', /file=%2Fp%2Fa\.yaml&line=1$/);
    await page.getByText('yes, with pods to come').waitFor();
    assert.ok((await page.locator('.table-row').count()) < 200);
    await page.getByLabel('istio · ALLOW: rows').focus();
    await page.keyboard.press('End');
    await page.locator('.table-row.chosen', { hasText: 'shop/policy-99999' }).waitFor();
    await eventually('a file that is not there is told', async () =>
      (await page.getByRole('alert').count()) > 0 ? true : undefined,
    );
    assert.deepEqual(troubles, []);
  });
});
