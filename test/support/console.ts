/**
 * The console as people have it: the built program's own server, and a real browser before it.
 * @module
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { startChild } from './child.ts';
import { programCommand, projectRoot } from './run-gatehouse.ts';

export const program = join(projectRoot, 'dist/main.js');

export interface RunningConsole extends AsyncDisposable {
  readonly url: string;
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  readonly pid: number;
  log(): string;
}

/** Starts `gatehouse console`. @throws Error with what it said if it ends before it serves */
export async function runConsole(...flags: readonly string[]): Promise<RunningConsole> {
  const child = startChild(...programCommand(program, 'console', ...flags, '--output', 'json'));
  const told = await new Promise<{ url: string; address: string }>((resolve, reject) => {
    let text = '';
    child.onLine((line) => {
      text += line;
      if (line.startsWith('{')) resolve(JSON.parse(text) as { url: string; address: string });
    });
    void child.ended.then((how) => reject(new Error(`gatehouse console ended (${how})\n${child.stderr()}`)));
  });
  return { ...told, pid: child.pid, log: child.stderr, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

/** Debian's browser, or that which `CHROMIUM` names. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

export interface Seen {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page broke, or said that it could not do. */
  readonly troubles: string[];
}

/** Opens the page in a context of its own. @param clockAheadMs  how far the browser's clock is off */
export async function openPage(browser: Browser, url: string, clockAheadMs = 0): Promise<Seen> {
  const context = await browser.newContext({ viewport: { width: 1_400, height: 900 } });
  if (clockAheadMs !== 0)
    await context.addInitScript(`{
      const Real = Date;
      globalThis.Date = class extends Real {
        constructor(...given) { super(...(given.length === 0 ? [Real.now() + ${clockAheadMs}] : given)); }
        static now() { return Real.now() + ${clockAheadMs}; }
      };
    }`);
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('pageerror', ({ message }) => troubles.push(message));
  page.on('console', (said) => {
    // An answer of status 4xx is one, and told so on the page.
    if (said.type() === 'error' && !said.text().startsWith('Failed to load resource')) troubles.push(said.text());
  });
  await page.goto(url);
  return { context, page, troubles };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What is hard to use without eyes, a mouse, or good contrast: one line each. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await (
      globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }> };
      }
    ).axe.run();
    return violations.map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
    );
  });
}
