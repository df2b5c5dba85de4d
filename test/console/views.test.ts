import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { viewNames } from '../../src/console/model/address.ts';
import { checkClient, question } from '../support/check-client.ts';
import {
  axeFindings,
  openPage,
  program,
  type RunningConsole,
  runConsole,
  type Seen,
  startBrowser,
} from '../support/console.ts';
import { type EchoApp, startHttpEcho } from '../support/echo-app.ts';
import { eventually } from '../support/eventually.ts';
import { allowing } from '../support/gatehouse-dir.ts';
import { type SidecarPair, startSidecarPair } from '../support/sidecar-pair.ts';

const denying = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: no-admin, namespace: default }
spec:
  action: DENY
  rules: [{ to: [{ operation: { paths: [/admin*] } }] }]
`;

/** Nobody uses it. */
const unused = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: way-back, namespace: default }
spec:
  selector: { matchLabels: { app: productpage } }
  rules: [{ from: [{ source: { principals: [cluster.local/ns/default/sa/details] } }] }]
`;

describe('the page of the console', function () {
  this.timeout(300_000);
  let app: EchoApp;
  let pair: SidecarPair;
  let served: RunningConsole;
  let browser: Browser;
  let seen: Seen;
  let page: Page;

  before(async () => {
    app = await startHttpEcho();
    const upstreamPorts = { productpage: app.port, details: app.port };
    pair = await startSidecarPair({
      policies: { 'details.yaml': allowing('GET'), 'deny.yaml': denying, 'back.yaml': unused },
      upstreamPorts,
      program,
    });
    served = await runConsole('--config', pair.config, '--admin', pair.admin, '--allow-verbs');
    browser = await startBrowser();
    seen = await openPage(browser, served.url);
    page = seen.page;
  });
  after(async () => {
    await browser?.close();
    await served?.[Symbol.asyncDispose]();
    await pair?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
  });
  const through = async (method: string, path: string) =>
    (await fetch(`http://127.0.0.1:${pair.productpage.outboundPort}${path}`, { method })).status;
  const go = async (view: string): Promise<void> => {
    await page.evaluate(`location.hash = '#/${view}'`);
    await page.locator('nav a[aria-current=page]').waitFor();
  };

  it('shows decisions of a real Envoy as they come, and why one fell so', async () => {
    await page.getByRole('heading', { name: 'Live' }).waitFor();
    assert.equal(await through('GET', '/details/1'), 200);
    assert.equal(await through('POST', '/details/2'), 403);
    const denied = page.locator('.table-row.deny', { hasText: '/details/2' });
    await denied.waitFor();
    await page.locator('.table-row.allow', { hasText: '/details/1' }).waitFor();
    await page.getByLabel('Show').selectOption('deny');
    await eventually('only denials', async () =>
      (await page.locator('.table-row.allow').count()) === 0 ? true : undefined,
    );
    await denied.click();
    const why = page.getByRole('complementary', { name: 'why' });
    await why.getByText('method is "POST", must be "GET"').first().waitFor();
    await why.getByText('What would turn it round').waitFor();
    const certificate = why.getByRole('region', { name: "the caller's certificate" });
    await certificate.getByText('spiffe://cluster.local/ns/default/sa/productpage').waitFor();
    await certificate.getByText(/^by .*, [0-9a-f]{40}$/).waitFor();
    await why.getByText('as a test').click();
    assert.match((await why.locator('details pre').last().textContent()) ?? '', /"decision": "deny"/);
    assert.match(page.url(), /#\/live\?show=deny&id=/);
    assert.doesNotMatch(page.url(), /token/);
    await page.reload();
    await why.getByText('method is "POST", must be "GET"').first().waitFor();
  });

  it('is walked through by keys alone', async () => {
    await go('live');
    await through('GET', '/details/3');
    await page.locator('.table-row').nth(1).waitFor();
    await page.getByLabel('decisions: rows').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.locator('.table-row.chosen').waitFor();
    await page.getByRole('complementary', { name: 'why' }).getByRole('button', { name: 'Close' }).focus();
    await page.keyboard.press('Enter');
    await eventually('it is closed', async () =>
      (await page.getByRole('complementary', { name: 'why' }).count()) === 0 ? true : undefined,
    );
  });

  it('shows markup and control bytes of a request as text', async () => {
    await go('live');
    using asking = checkClient(pair.extAuthz);
    const odd = question('GET');
    const http = odd.attributes?.request?.http;
    await asking.ask({
      attributes: {
        ...odd.attributes,
        request: {
          http: {
            ...http,
            ...{ path: '/<img src=x onerror=alert(1)>\u001b[31m\u202e', host: '"><script>alert(2)</script>' },
            headers: { ...http?.headers, 'x-request-id': '<b id=bold>\u0007' },
          },
        },
      },
    } as never); // the same question, another path
    await page.locator('.table-row', { hasText: '<img src=x onerror=alert(1)>' }).waitFor();
    await page.locator('.table-row', { hasText: '\\u001b[31m' }).waitFor();
    assert.equal(await page.locator('main img, main script').count(), 0);
    await page.locator('.table-row', { hasText: '<img src=x' }).first().click();
    await page.getByRole('complementary', { name: 'why' }).getByText('<img src=x').first().waitFor();
    await page.getByRole('complementary', { name: 'why' }).getByText('<b id=bold>').first().waitFor();
    assert.equal(await page.locator('main img, main script, #bold').count(), 0);
    assert.deepEqual(seen.troubles, []);
  });

  it('draws who asks whom, folded, and unfolds a namespace', async () => {
    await go('map');
    const node = page.getByRole('button', { name: 'default', exact: true });
    await node.waitFor();
    const drawing = page.getByRole('group', { name: 'who asks whom' });
    await drawing.locator('.edge.both').first().waitFor({ state: 'attached' });
    // A namespace that asks itself: out of its box and back into it.
    assert.match((await drawing.locator('.edge.both').first().getAttribute('d')) ?? '', /^M\S+ \S+ C/);
    await node.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'default/details', exact: true }).waitFor();
    await page.getByRole('button', { name: /never seen/ }).click();
    await drawing.locator('.edge.unseen').first().waitFor({ state: 'attached' });
    await page.getByLabel('Search').fill('details');
    await page.getByRole('button', { name: 'Copy', exact: true }).click();
    await page.getByRole('button', { name: /^(Copied|The browser does not let this page copy)$/ }).waitFor();
    const downloaded = page.waitForEvent('download');
    await page.getByRole('button', { name: 'SVG' }).click();
    assert.match(await readFile(await (await downloaded).path(), 'utf8'), /^<svg[^>]* xmlns=/);
  });

  it('says what an edited policy would change, and writes nothing', async () => {
    await go('live');
    await through('GET', '/details/4');
    const before = await readFile(pair.policyFile('details.yaml'), 'utf8');
    await go('what-if');
    await page.getByLabel('File').selectOption(pair.policyFile('details.yaml'));
    const text = page.getByRole('textbox', { name: /^text of/ });
    await text.fill(before.replace('[GET]', '[PUT]'));
    await page.getByRole('button', { name: 'What would change?' }).click();
    await page.getByText(/\d+ of \d+ are the same/).waitFor();
    await page.getByText(/^All \d+ decisions that the server keeps\./).waitFor();
    await page.getByLabel('Decided again').selectOption('50');
    assert.match(page.url(), /last=50/);
    await page.locator('.table-row', { hasText: 'decision: allow → deny' }).first().waitFor();
    await text.fill(
      'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: x, namespace: y }\nspec: { rulez: [] }\n',
    );
    await page.getByRole('button', { name: 'What would change?' }).click();
    await page.getByRole('alert').filter({ hasText: 'rulez' }).waitFor();
    assert.equal(await readFile(pair.policyFile('details.yaml'), 'utf8'), before);
    await page.getByLabel('From').fill('default/productpage');
    await page.getByLabel('To').fill('default/details');
    await page.getByLabel('Method').fill('DELETE');
    await page.getByRole('button', { name: 'What would be said?' }).click();
    await page.locator('.answer .deny').waitFor();
  });

  it('answers whether it is safe to go on, and orders a verb with its reason', async () => {
    await go('rotation');
    await page.getByRole('heading', { name: 'Is it safe to prepare?' }).waitFor();
    await page.getByText('Yes.').waitFor();
    const verb = page.getByRole('button', { name: 'prepare', exact: true });
    assert.equal(await verb.isDisabled(), true, 'without a reason');
    await page.getByLabel('Reason').fill('the yearly one');
    await verb.click();
    await page.getByRole('heading', { name: 'Is it safe to activate?' }).waitFor();
    await page.locator('.slot.prepared').waitFor();
    await page.locator('.table-row', { hasText: 'the yearly one' }).first().waitFor();
    await page.locator('.plot canvas').waitFor();
  });

  it('shows whose certificate ends when, and what is revoked', async () => {
    await go('certificates');
    await page.locator('.table-row', { hasText: 'default/details' }).first().waitFor();
    await page.getByText('The deciders of this server have all of them; no other server follows it.').waitFor();
    await page.getByText('Nothing is revoked.').waitFor();
  });

  it('shows policies in lanes with their hits, and a finding in its place', async () => {
    await writeFile(
      pair.policyFile('broken.yaml'),
      'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: b, namespace: default }\nspec: { rulez: [] }\n',
    );
    await go('policies');
    await page.getByRole('heading', { name: 'istio · DENY' }).waitFor();
    const row = page.locator('.lane .table-row', { hasText: 'default/details-viewer' });
    await row.waitFor();
    await row.click();
    await page.getByLabel('file').locator('.marked').waitFor();
    await page.getByLabel('rules of default/details-viewer').waitFor();
    const finding = page.locator('.table-row', { hasText: 'broken.yaml' }).first();
    await finding.waitFor();
    await finding.click();
    await page.getByLabel('file').locator('.finding.error').first().waitFor();
    await page.locator('.health .warn').waitFor();
    await writeFile(pair.policyFile('broken.yaml'), '# nothing\n');
  });

  it('has nothing that axe finds, in any view, light or dark; the pictures are kept where CONSOLE_PICTURES says', async () => {
    const pictures = process.env['CONSOLE_PICTURES'];
    if (pictures !== undefined) await mkdir(pictures, { recursive: true });
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const view of viewNames) {
        await go(view);
        await page.locator('.loading').first().waitFor({ state: 'detached' });
        assert.deepEqual(await axeFindings(page), [], `${view}, ${scheme}`);
        if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${view}-${scheme}.png`) });
      }
    }
    assert.deepEqual(seen.troubles, [], 'nothing that the policy of content refused, and no error');
  });
});
