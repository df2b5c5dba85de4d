/**
 * `node bench/console.ts [--only PART,…] [--json]`: how fast the console's page is there (`first-view`), how it scrolls while 1,000 decisions
 * a second come (`scroll`), what ten of them cost a Check (`check`), and with `MINUTES` whether the heaps of page and server stay flat
 * (`heaps`). `ROUNDS` and `SECONDS` of each, 5 and 5.
 *
 * Needs `npm run build` and Debian's Chromium, or `CHROMIUM` names one.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { steadyChecks } from '../test/soak/steady-checks.ts';
import { program, runConsole, startBrowser } from '../test/support/console.ts';
import { gatehouseDir } from '../test/support/gatehouse-dir.ts';
import { projectRoot, runGatehouse } from '../test/support/run-gatehouse.ts';
import { type FirstView, firstView } from './console/first-view.ts';
import { heaps } from './console/heaps.ts';
import { scrolling } from './console/scrolling.ts';
import { tenConsoles } from './console/ten-consoles.ts';
import { checkLatencies } from './lib/check-latencies.ts';
import { spread } from './lib/figures.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const SECONDS = Number(process.env['SECONDS'] ?? 5);
const MINUTES = Number(process.env['MINUTES'] ?? 0);
const DECISIONS_PER_SECOND = 1_000;

const parts = ['first-view', 'scroll', 'heaps', 'check'] as const;
type Part = (typeof parts)[number];

const { values } = parseArgs({ options: { only: { type: 'string' }, json: { type: 'boolean', default: false } } });
const wanted = values.only?.split(',') ?? [...parts];
const unknown = wanted.filter((name) => !parts.some((each) => each === name));
if (unknown.length > 0) throw new Error(`--only: ${unknown.join(', ')}: the parts are ${parts.join(', ')}`);
const has = (part: Part): boolean => wanted.includes(part);

const built = join(projectRoot, 'dist/console');
const kilobytes = readdirSync(built)
  .filter((name) => name.endsWith('.js'))
  .reduce((sum, name) => sum + gzipSync(readFileSync(join(built, name))).length / 1_000, 0);

await using dir = await gatehouseDir();
await using gatehouse = await runGatehouse(dir.config, program);
const { admin, extAuthz, pid } = gatehouse.ready;
await checkLatencies(extAuthz, 1);

/** Of several visits; what came when is told of the median one. */
function visits(views: readonly FirstView[]) {
  if (views.length === 0) return {};
  const sorted = views.toSorted((a, b) => a.rowAt - b.rowAt);
  return { firstViewMs: spread(views.map(({ rowAt }) => rowAt)), came: sorted[sorted.length >> 1]?.came };
}

/** What needs a browser. */
async function inBrowser() {
  const browser = await startBrowser();
  const stopping = new AbortController();
  try {
    const views: FirstView[] = [];
    for (let i = 0; i < (has('first-view') ? ROUNDS : 0); i++) views.push(await firstView(browser, admin));
    if (!has('scroll') && !(has('heaps') && MINUTES > 0)) return visits(views);
    const asking = steadyChecks(extAuthz, DECISIONS_PER_SECOND, stopping.signal, 100);
    await using served = await runConsole('--admin', admin);
    const scroll = has('scroll') ? await scrolling(browser, served.url, ROUNDS, SECONDS) : undefined;
    await using shown = await runConsole('--admin', admin);
    const told = has('heaps') && MINUTES > 0 ? await heaps(browser, shown.url, pid, MINUTES) : [];
    stopping.abort();
    const { asked, notAsked } = await asking;
    return { ...visits(views), scroll, heaps: told, decisions: asked, notAsked };
  } finally {
    stopping.abort();
    await browser.close();
  }
}

const result = {
  kilobytes,
  ...(await inBrowser()),
  ...(has('check') && { check: await tenConsoles(gatehouse, ROUNDS * 4, SECONDS / 2) }),
};
if (values.json) console.log(JSON.stringify(result));
else console.dir(result, { depth: 5 });
