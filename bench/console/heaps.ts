/**
 * Whether the heaps of page and server stay flat while decisions come for minutes.
 * @module
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { openPage } from '../../test/support/console.ts';

/** MiB: the live heap of the page after a collection, and the resident memory of the server. */
async function memory(page: Page, pid: number) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  await devtools.detach();
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { pageMiB: usedSize / 2 ** 20, serverMiB: Number(resident) / 1_024 };
}

/** Once a minute, the first after twenty seconds. */
export async function heaps(browser: Browser, url: string, pid: number, minutes: number) {
  const { page, context } = await openPage(browser, url);
  const told = [];
  for (let i = 0; i <= minutes; i++) {
    await delay(i === 0 ? 20_000 : 60_000);
    told.push(await memory(page, pid));
  }
  await context.close();
  return told;
}
