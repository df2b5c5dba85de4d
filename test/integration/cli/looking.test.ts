import assert from 'node:assert/strict';
import { checkClient, question } from '../../support/check-client.ts';
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

  it('policy list: what is in force, and what applies to a workload', async () => {
    await dir.policy(
      'others',
      `${allowing('GET').replace('details-viewer', 'selects').replace('spec:', 'spec:\n  selector: { matchLabels: { app: reviews } }')}---\n${allowing('GET').replace('namespace: default', 'namespace: shop')}`,
    );
    const names = async (...args: readonly string[]) => {
      const { code, is } = await json('policy', 'list', ...args);
      const planes = is['planes'] as {
        stages: { policies: { namespace: string; name: string; applies?: string }[] }[];
      }[];
      const rows = planes.flatMap(({ stages }) => stages.flatMap(({ policies }) => policies));
      return [
        code,
        ...rows
          .map((each) => `${each.namespace}/${each.name} ${each.applies ?? ''}`.trim())
          .sort((a, b) => (a < b ? -1 : 1)),
      ];
    };
    await eventually('the new file is in force', async () => ((await names()).length === 4 ? true : undefined));
    assert.deepEqual(await names(), [0, 'default/details-viewer', 'default/selects', 'shop/details-viewer']);
    assert.deepEqual(await names('--workload', 'default/details'), [
      0,
      'default/details-viewer yes',
      'default/selects unknown',
    ]);
    assert.deepEqual(await names('--workload', 'spiffe://cluster.local/ns/shop/sa/cart'), [
      0,
      'shop/details-viewer yes',
    ]);
    assert.deepEqual(await names('--workload', 'elsewhere/cart'), [1]);
    const wrong = await run('policy', 'list', '--workload', 'details', '--config', dir.config);
    assert.deepEqual([wrong.code, /NAMESPACE\/SERVICEACCOUNT/.test(wrong.err)], [2, true], wrong.err);
    await dir.policy('others', '');
  });

  it('decisions: lists what was asked, by effect, reason and party', async () => {
    using client = checkClient(server.ready.extAuthz);
    for (const method of ['GET', 'POST', 'GET']) await client.ask(question(method));
    const rowsOf = async (...args: readonly string[]) =>
      ((await json('decisions', ...args)).is['decisions'] as { decision: string }[]).map(({ decision }) => decision);
    await eventually('all are told', async () => ((await rowsOf()).length === 3 ? true : undefined));
    assert.deepEqual(await rowsOf('--deny'), ['deny']);
    assert.deepEqual(await rowsOf('--allow', '--to', 'default/details', '--from', 'default'), ['allow', 'allow']);
    assert.deepEqual(await rowsOf('--reason', 'no_rule_allowed'), ['deny']);
    assert.deepEqual(await rowsOf('--to', 'elsewhere'), []);
    const { code, out } = await run('decisions', '--config', dir.config, '--deny');
    assert.equal(code, 0);
    assert.match(
      out,
      /^\S+ {2}deny {3}no_rule_allowed {2}default\/productpage -> default\/details {2}POST .* {2}\S+\n$/,
    );
    assert.equal((await run('decisions', '--config', dir.config, '--deny', '--allow')).code, 2);
  });

  it('decisions -f: shows what comes, once each, in order, though the server is started anew meanwhile', async () => {
    await using own = await gatehouseDir();
    let running = await runGatehouse(own.config);
    const args = ['decisions', '-f', '--deny', '--limit', '1', '--config', own.config, '--output', 'json'];
    await using following = startChild(...gatehouseCommand(...args, '--count', '3'));
    const paths: string[] = [];
    following.onLine((line) => {
      paths.push((JSON.parse(line) as { request: { method: string } }).request.method);
    });
    const deny = async (method: string): Promise<void> => {
      using client = checkClient(running.ready.extAuthz);
      await client.ask(question(method));
    };
    try {
      await deny('POST');
      await eventually('the first is shown', () => (paths.length === 1 ? true : undefined));
      await deny('PUT');
      await eventually('the second is shown', () => (paths.length === 2 ? true : undefined));
      await running.stop();
      await eventually('it is told that the server is away', () =>
        following.stderr().includes('trying again') ? true : undefined,
      );
      running = await runGatehouse(own.config);
      await deny('PATCH');
      assert.equal(await following.ended, 0, following.stderr());
      assert.deepEqual(paths, ['POST', 'PUT', 'PATCH']);
    } finally {
      await running[Symbol.asyncDispose]();
    }
  });
});
