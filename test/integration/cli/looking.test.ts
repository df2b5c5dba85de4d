import assert from 'node:assert/strict';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { allowing, type GatehouseDir, gatehouseDir } from '../../support/gatehouse-dir.ts';
import { gatehouseCommand, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

interface Ran {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

async function run(...args: readonly string[]): Promise<Ran> {
  await using child = startChild(...gatehouseCommand(...args));
  const code = await child.ended;
  return { code, out: child.stdout(), err: child.stderr() };
}

describe('commands that look at a running server', function () {
  this.timeout(300_000);
  let dir: GatehouseDir;
  let server: RunningGatehouse;

  before(async () => {
    dir = await gatehouseDir();
    server = await runGatehouse(dir.config);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });
  const json = async (...args: readonly string[]) => {
    const { code, out, err } = await run(...args, '--config', dir.config, '--output', 'json');
    assert.notEqual(out, '', err);
    return { code, is: JSON.parse(out) as Record<string, unknown> }; // one document, or this throws
  };

  it('status: says what the server is, and since when which file is broken', async () => {
    const before = await json('status');
    assert.deepEqual([before.code, before.is['ready'], before.is['troubles']], [0, true, []]);
    const authorities = before.is['authorities'] as { use: string; slot: string; unacknowledged?: unknown }[];
    assert.deepEqual(
      authorities.map(({ use, slot, unacknowledged }) => [use, slot, unacknowledged]),
      [
        ['x509', 'active', undefined],
        ['jwt', 'active', undefined],
      ],
    );
    assert.deepEqual(before.is['svids'], { x509: 0, jwt: 0 });
    await dir.policy('details', allowing('GET').replace('rules:', 'rulez:'));
    const [trouble] = await eventually('it is degraded', async () => {
      const troubles = (await json('status')).is['troubles'] as { what: string; since: string }[];
      return troubles.length > 0 ? troubles : undefined;
    });
    assert.match(trouble?.what ?? '', /details\.yaml:\d+$/);
    assert.ok(Date.parse(trouble?.since ?? '') <= Date.now());
    const { code, out } = await run('status', '--config', dir.config);
    assert.equal(code, 0);
    assert.match(out, /^degraded +.*details\.yaml:\d+ \(since 20/m);
    assert.match(out, /^policies +1 in force, generation 1 since 20/m);
    await dir.policy('details', allowing('GET'));
  });

  it('version: is the same as the server here, and says so; the program alone where none runs', async () => {
    const { code, is } = await json('version');
    assert.deepEqual([code, is['skew']], [0, 'none']);
    const alone = await run('version', '--client', '--output', 'json');
    assert.deepEqual([alone.code, (JSON.parse(alone.out) as { server: unknown }).server], [0, null]);
    const none = await run('version', '--admin', 'unix:/nope.sock');
    assert.deepEqual([none.code, none.out], [2, '']);
    assert.match(none.err, /no server runs there/);
  });
});
