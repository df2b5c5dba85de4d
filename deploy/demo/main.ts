/**
 * `npm run demo`: three applications, three real Envoys, one Gatehouse; shows who may do what, and why.
 *
 * Exits 0 only if every row came out as expected. `--stay` keeps it running afterwards.
 * @module
 */
import { ensureEnvoy } from '../../scripts/envoy.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { ask } from './ask.ts';
import { showConsole } from './console.ts';
import { type Mesh, startMesh } from './mesh.ts';
import { type Row, steps } from './rows.ts';
import { isAsExpected, table } from './table.ts';

const stay = process.argv.includes('--stay');
const say = (text: string) => void process.stderr.write(`${text}\n`);

const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => reject(new Error(`stopped by ${signal}`)));
  }
});
interrupted.catch(() => {}); // seen only where it is raced

async function demo(): Promise<boolean> {
  await Promise.race([ensureEnvoy(), interrupted]);
  await using directory = await tempDir('gatehouse-demo-');
  await using mesh = await startMesh(directory.path, say);
  const rows = await Promise.race([play(mesh), interrupted]);
  console.log(`\n${table(rows)}\n`);
  const wrong = rows.filter((row) => !isAsExpected(row)).length;
  console.log(wrong === 0 ? `All ${rows.length} rows as expected.` : `${wrong} of ${rows.length} rows are wrong.`);
  if (stay) {
    await using page = await Promise.race([showConsole(mesh), interrupted]);
    console.log(await Promise.race([invitation(mesh, page.url), interrupted]));
    await interrupted.catch(() => {});
  }
  return wrong === 0;
}

async function play(mesh: Mesh): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { title, run } of steps) {
    say(`${title} …`);
    rows.push(await run(mesh).catch((error: Error) => failed(title, error)));
  }
  return rows;
}

function failed(title: string, error: Error): Row {
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return { request: title, expected: 'an answer', got: `${error.message}${cause}`, decidedBy: '' };
}

/** Lines that work when they are pasted: the last asks about a decision that has just been made. */
async function invitation(mesh: Mesh, page: string): Promise<string> {
  const url = `http://127.0.0.1:${mesh.appPort('productpage')}/details/1`;
  const { log } = await ask(mesh, { from: 'productpage', method: 'POST', path: '/details/1' });
  const cli = 'npm run -s gatehouse --';
  return `
Everything keeps running until Ctrl-C, which takes it down. A page that shows it, by a link that is good once:

  ${page}

In another terminal, here in the checkout:

  curl -i ${url}            # productpage reads details: 200
  curl -i -X POST ${url}    # it may not write: 403
  ${cli} why ${log.decision_id} --config ${mesh.configFile}   # why was that?

And then: edit ${mesh.directory}/policies/details-viewer.yaml and ask again;
  curl -i http://127.0.0.1:${mesh.appPort('reviews')}/details/1            # reviews, as the edited policy says
  tail -f ${mesh.detailsLog}
  ${cli} ca status --config ${mesh.configFile}
Gatehouse is process ${mesh.gatehouse().pid}; the pages of details' Envoy are at http://${mesh.envoy('details').admin}
`;
}

try {
  process.exitCode = (await demo()) ? 0 : 1;
} catch (error) {
  say(`demo: ${(error as Error).message}`);
  process.exitCode = 2;
}
