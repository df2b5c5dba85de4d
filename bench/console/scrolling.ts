/**
 * How Live scrolls while decisions come, beside an empty page with the same scroll: the browser has no GPU, and draws every frame itself.
 * @module
 */
import type { Browser, Page } from 'playwright-core';
import { openPage } from '../../test/support/console.ts';
import { quantile } from '../lib/check-latencies.ts';
import { spread } from '../lib/figures.ts';

/** Milliseconds between frames while something scrolls for a few seconds, sorted. */
function frames(page: Page, selector: string, seconds: number): Promise<readonly number[]> {
  return page.evaluate(`new Promise((resolve) => {
    const scrolled = document.querySelector(${JSON.stringify(selector)});
    const times = [];
    const begun = performance.now();
    let last = begun;
    const step = (now) => {
      times.push(now - last);
      last = now;
      scrolled.scrollTop = (Math.sin((now - begun) / 400) + 1) * 2000;
      if (now - begun < ${seconds * 1_000}) requestAnimationFrame(step);
      else resolve(times.slice(1).sort((a, b) => a - b));
    };
    requestAnimationFrame(step);
  })`);
}

const empty = 'data:text/html,<div id=s style="height:600px;overflow:auto"><div style="height:100000px"></div></div>';

/** Scrolls both in turns. */
export async function scrolling(browser: Browser, url: string, rounds: number, seconds: number) {
  const { page, context } = await openPage(browser, url);
  await page.locator('.table-row').nth(30).waitFor();
  const blankContext = await browser.newContext({ viewport: { width: 1_400, height: 900 } });
  const blank = await blankContext.newPage();
  await blank.goto(empty);
  const told = [];
  for (let i = 0; i < rounds; i++) {
    await page.bringToFront();
    const live = await frames(page, '.table-body', seconds);
    await blank.bringToFront();
    const none = await frames(blank, '#s', seconds);
    told.push({ live: quantile(live, 0.95), none: quantile(none, 0.95), median: quantile(live, 0.5) });
  }
  await Promise.all([context.close(), blankContext.close()]);
  return {
    liveMs: spread(told.map(({ live }) => live)),
    liveMedianMs: spread(told.map(({ median }) => median)),
    emptyMs: spread(told.map(({ none }) => none)),
    ratio: spread(told.map(({ live, none }) => live / none)),
  };
}
