import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { projectRoot } from '../../support/run-gatehouse.ts';

const demo = (...args: readonly string[]) =>
  startChild(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    join(projectRoot, 'deploy/demo/main.ts'),
    ...args,
  ]);

describe('the demo', function () {
  this.timeout(300_000);

  it('shows every row as expected, a renewal under traffic without a failed request among them', async () => {
    await using child = demo();
    assert.equal(await child.ended, 0, child.stdout() + child.stderr());
    assert.match(child.stdout(), /All 16 rows as expected/);
    assert.match(child.stdout(), /\b0 failed +0 failed +\d{2,} requests, [2-9] certificates/);
  });

  it('ends everything that it started when it is interrupted in the middle', async () => {
    await using child = demo();
    await eventually('it plays', () => child.stderr().includes('somebody else reads') || undefined, 60_000);
    const pids = await offspring(child.pid);
    assert.ok(pids.length >= 7, `three Envoys, three applications, Gatehouse: ${pids.join()}`);
    await child.stop('SIGINT');
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });
});

/** Children, their children, and so on. */
async function offspring(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const children = text.split(' ').filter(Boolean).map(Number);
  return [...children, ...(await Promise.all(children.map(offspring))).flat()];
}
