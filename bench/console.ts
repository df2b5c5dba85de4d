/**
 * `node bench/console.ts [--json]`: how fast the console's page is there, how it scrolls while 1,000 decisions a second come, what ten of
 * them cost a Check, and with `MINUTES` whether the heaps of page and server stay flat.
 *
 * Needs `npm run build` and Debian's Chromium. The browser here has no GPU: frames are held against those of an empty page with the same scroll.
 * @module
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { steadyChecks } from '../test/soak/steady-checks.ts';
import { openPage, program, type RunningConsole, runConsole, startBrowser } from '../test/support/console.ts';
import { gatehouseDir } from '../test/support/gatehouse-dir.ts';
import { projectRoot, type RunningGatehouse, runGatehouse } from '../test/support/run-gatehouse.ts';
import { checkLatencies, quantile } from './lib/check-latencies.ts';
import { spread } from './lib/figures.ts';

const ROUNDS = 5;
const SECONDS = 5;
const CONSOLES = 10;
const DECISIONS_PER_SECOND = 1_000;
const MINUTES = Number(process.env['MINUTES'] ?? 0);

const kilobytes = ['main.js', 'layout.js'].reduce(
  (sum, name) => sum + gzipSync(readFileSync(join(projectRoot, 'dist/console', name))).length / 1_000,
  0,
);

/** Told by the page itself: when its first row of decisions was on the screen. */
const noteFirstRow = `new MutationObserver((_, watch) => {
  if (document.querySelector('.table-row') === null) return;
  watch.disconnect();
  requestAnimationFrame(() => setTimeout(() => { globalThis.firstRowAt = performance.now(); }));
}).observe(document, { childList: true, subtree: true });`;

/** Milliseconds from the address to the first row of Live on the screen, in a browser that runs and has nothing of the page yet. */
async function firstView(browser: Browser, admin: string): Promise<number> {
  await using served = await runConsole('--admin', admin);
  const context = await browser.newContext({ viewport: { width: 1_400, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(noteFirstRow);
  await page.goto(served.url);
  await page.waitForFunction('globalThis.firstRowAt !== undefined');
  const took = await page.evaluate<number>('globalThis.firstRowAt');
  await context.close();
  return took;
}

/** Milliseconds between frames while something scrolls for a few seconds, sorted. */
function frames(page: Page, selector: string): Promise<readonly number[]> {
  const script = `new Promise((resolve) => {
    const scrolled = document.querySelector(${JSON.stringify(selector)});
    const times = [];
    const begun = performance.now();
    let last = begun;
    const step = (now) => {
      times.push(now - last);
      last = now;
      scrolled.scrollTop = (Math.sin((now - begun) / 400) + 1) * 2000;
      if (now - begun < ${SECONDS * 1_000}) requestAnimationFrame(step);
      else resolve(times.slice(1).sort((a, b) => a - b));
    };
    requestAnimationFrame(step);
  })`;
  return page.evaluate(script);
}

const empty = 'data:text/html,<div id=s style="height:600px;overflow:auto"><div style="height:100000px"></div></div>';

async function scrolling(browser: Browser, url: string) {
  const { page } = await openPage(browser, url);
  await page.locator('.table-row').first().waitFor();
  const blank = await (await browser.newContext({ viewport: { width: 1_400, height: 900 } })).newPage();
  await blank.goto(empty);
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) {
    const live = quantile(await frames(page, '.table-body'), 0.95);
    rounds.push({ live, blank: quantile(await frames(blank, '#s'), 0.95) });
  }
  return {
    liveMs: spread(rounds.map(({ live }) => live)),
    emptyMs: spread(rounds.map(({ blank: none }) => none)),
    ratio: spread(rounds.map(({ live, blank: none }) => live / none)),
  };
}

/** Follows like a page, without one: a console each, with its stream and its looks at the status. */
async function follow(served: RunningConsole, stop: AbortSignal): Promise<void> {
  const headers = { 'content-type': 'application/json', origin: served.address };
  const post = (path: string, body: unknown, more: Record<string, string> = {}) =>
    fetch(`${served.address}${path}`, {
      method: 'POST',
      headers: { ...headers, ...more },
      body: JSON.stringify(body),
      signal: stop,
    });
  const { session } = (await (
    await post('/session', { token: served.url.slice(served.url.indexOf('=') + 1) })
  ).json()) as { session: string }; // the console's own answer
  const authorization = `Bearer ${session}`;
  const stream = await post('/stream', {}, { authorization });
  void (async () => {
    while (!stop.aborted) {
      await (await post('/ask', { route: 'GET /v1/status', question: {} }, { authorization })).text();
      await delay(2_000, undefined, { signal: stop });
    }
  })().catch(() => undefined);
  for await (const _ of stream.body ?? []) if (stop.aborted) return;
}

/** p99 of Check with ten consoles open, over that without, in turns. */
async function tenConsoles({ ready }: RunningGatehouse) {
  const ratios: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const without = quantile(await checkLatencies(ready.extAuthz, SECONDS), 0.99);
    const stopping = new AbortController();
    const consoles = await Promise.all(Array.from({ length: CONSOLES }, () => runConsole('--admin', ready.admin)));
    const following = consoles.map((each) => follow(each, stopping.signal).catch(() => undefined));
    await checkLatencies(ready.extAuthz, 3); // ten programs have been started: that is over, and they have followed for a while
    const beside = quantile(await checkLatencies(ready.extAuthz, SECONDS), 0.99);
    stopping.abort();
    await Promise.all(following);
    await Promise.all(consoles.map((each) => each[Symbol.asyncDispose]()));
    ratios.push(beside / without);
  }
  return spread(ratios);
}

/** MiB: the live heap of the page after a collection, and the resident memory of the server. */
async function memory(page: Page, pid: number) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { pageMiB: usedSize / 2 ** 20, serverMiB: Number(resident) / 1_024 };
}

await using dir = await gatehouseDir();
await using gatehouse = await runGatehouse(dir.config, program);
const { admin, extAuthz, pid } = gatehouse.ready;
await checkLatencies(extAuthz, 1);
const browser = await startBrowser();
try {
  const views: number[] = [];
  for (let i = 0; i < ROUNDS; i++) views.push(await firstView(browser, admin));
  const stopping = new AbortController();
  const asking = steadyChecks(extAuthz, DECISIONS_PER_SECOND, stopping.signal, 100);
  await using served = await runConsole('--admin', admin);
  const scroll = await scrolling(browser, served.url);
  const heaps = [];
  if (MINUTES > 0) {
    await using shown = await runConsole('--admin', admin);
    const { page } = await openPage(browser, shown.url);
    for (let i = 0; i <= MINUTES; i++) {
      await delay(i === 0 ? 20_000 : 60_000);
      heaps.push(await memory(page, pid));
    }
  }
  stopping.abort();
  const { asked } = await asking;
  const result = {
    kilobytes,
    firstViewMs: spread(views),
    scroll,
    decisions: asked,
    heaps,
    checkP99With10: await tenConsoles(gatehouse),
  };
  if (process.argv.includes('--json')) console.log(JSON.stringify(result));
  else console.dir(result, { depth: 5 });
} finally {
  await browser.close();
}
