/**
 * How soon the page is there: from its address to the first decisions on the screen.
 * @module
 */
import type { Browser } from 'playwright-core';
import { runConsole } from '../../test/support/console.ts';

/** One visit, in milliseconds from the address. */
export interface FirstView {
  /** The first row of Live was on the screen. */
  readonly rowAt: number;
  /** When each of what the page asks for had come, by path; of `/ask` the first. */
  readonly came: Readonly<Record<string, number>>;
}

/** Tells when the first row of decisions was on the screen. The page's policy of content refuses every text that is evaluated later. */
const tellFirstRow = `new MutationObserver((_, watch) => {
  if (document.querySelector('.table-row') === null) return;
  watch.disconnect();
  requestAnimationFrame(() => setTimeout(() => { globalThis.firstRowAt(performance.now()); }));
}).observe(document, { childList: true, subtree: true });`;

/** Opens the page in a browser that runs and has nothing of it yet. */
export async function firstView(browser: Browser, admin: string): Promise<FirstView> {
  await using served = await runConsole('--admin', admin);
  const context = await browser.newContext({ viewport: { width: 1_400, height: 900 } });
  const page = await context.newPage();
  const told = Promise.withResolvers<number>();
  await page.exposeFunction('firstRowAt', told.resolve);
  await page.addInitScript(tellFirstRow);
  await page.goto(served.url);
  const rowAt = await told.promise;
  const entries = await page.evaluate<[name: string, at: number][]>(
    `performance.getEntriesByType('resource').map(({ name, responseEnd }) => [new URL(name).pathname, responseEnd]).reverse()`,
  );
  await context.close();
  return { rowAt, came: Object.fromEntries(entries) };
}
