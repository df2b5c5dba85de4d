import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { DECIDER_FLAGS, missingFlags } from '../../../src/platform/node-flags.ts';
import { asUser } from '../../support/as-user.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { allowing, gatehouseDir, usualListeners } from '../../support/gatehouse-dir.ts';
import {
  gatehouseCommand,
  gatehouseJson,
  projectRoot,
  type ReadyLine,
  runGatehouse,
} from '../../support/run-gatehouse.ts';

const details = 'spiffe://cluster.local/ns/default/sa/details';
const ownEntry = (id = details) => ({ spiffeId: id, selectors: [`unix:uid:${process.geteuid?.()}`] });

async function page(health: string, path: string) {
  const response = await fetch(`http://${health}${path}`);
  return { status: response.status, text: await response.text() };
}
const ready = async (health: string) =>
  JSON.parse((await page(health, '/readyz')).text) as { ready: boolean; degraded: string[] }; // our own page

async function authorityIds(admin: string): Promise<string[]> {
  const status = (await gatehouseJson('ca', 'status', '--admin', admin)) as { x509Authorities: { id: string }[] };
  return status.x509Authorities.map(({ id }) => id);
}

describe('gatehouse serve', function () {
  this.timeout(300_000);

  it('prints one ready line, with the addresses really bound, and nothing else on stdout', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    const { ready } = server;
    assert.match(ready.extAuthz, /^127\.0\.0\.1:[1-9]\d*$/);
    assert.match(ready.health, /^127\.0\.0\.1:[1-9]\d*$/);
    assert.equal(ready.workloadApi, `unix:${dir.at('run/workload.sock')}`);
    assert.equal(ready.admin, `unix:${dir.at('run/admin.sock')}`);
    assert.equal(ready.pid, server.pid);
    assert.equal(ready.deciderPids.length, 1);
    assert.notEqual(ready.deciderPids[0], server.pid);
    assert.equal(statSync(dir.at('run/admin.sock')).mode & 0o777, 0o600);
    assert.equal(statSync(dir.at('run/workload.sock')).mode & 0o777, 0o666);
    assert.equal(statSync(dir.at('data')).mode & 0o777, 0o700);
    assert.equal(server.stdout().trim().split('\n').length, 1);
  });

  it('answers health, readiness and metrics', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    const { health, extAuthz } = server.ready;
    assert.equal((await page(health, '/healthz')).status, 200);
    assert.deepEqual(await ready(health), {
      ready: true,
      waiting: {},
      degraded: [],
      details: { policies: 'read 1 (1 istio AuthorizationPolicy); skipped nothing' },
    });
    assert.equal((await page(health, '/elsewhere')).status, 404);
    using client = checkClient(extAuthz);
    await client.ask(question('GET'));
    await client.ask(question('POST'));
    const { text } = await page(health, '/metrics');
    assert.match(text, /^gatehouse_check_total\{decision="allow",reason="rule_allowed"\} 1$/m);
    assert.match(text, /^gatehouse_check_total\{decision="deny",reason="no_rule_allowed"\} 1$/m);
    assert.match(text, /^gatehouse_check_seconds_count 2$/m);
    assert.match(text, /^gatehouse_policies\{dialect="istio",kind="AuthorizationPolicy"\} 1$/m);
    for (const name of [
      'snapshot_generation 1',
      'snapshot_load_errors_total 0',
      'svid_issued_total\\{kind="x509"\\} 0',
      'svid_expiry_seconds \\+Inf',
      'authority_expiry_seconds\\{slot="active"\\} \\d+',
      'stream_open\\{protocol="sds"\\} 0',
      'bundle_unacknowledged 0',
      'store_up 1',
      'decision_log_dropped_total 0',
    ]) {
      assert.match(text, new RegExp(`^gatehouse_${name}`, 'm'));
    }
  });

  it('ends with exit code 0 at SIGTERM, leaves no socket and no process behind', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    assert.equal(await server.stop('SIGTERM'), 0);
    assert.equal(existsSync(dir.at('run/admin.sock')), false);
    assert.equal(existsSync(dir.at('run/workload.sock')), false);
    for (const pid of server.ready.deciderPids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });

  it('goes on with the same authority after SIGKILL, and takes its deciders with it', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, entries: [ownEntry()] });
    await using first = await runGatehouse(dir.config);
    const before = await authorityIds(first.ready.admin);
    assert.equal(await first.stop('SIGKILL'), 'SIGKILL');
    await eventually('the decider has gone', () => {
      try {
        process.kill(first.ready.deciderPids[0]!, 0);
        return undefined;
      } catch {
        return true;
      }
    });
    await using second = await runGatehouse(dir.config);
    assert.deepEqual(await authorityIds(second.ready.admin), before);
    const fetched = (await gatehouseJson('svid', 'fetch', '--socket', second.ready.workloadApi)) as {
      svids: { spiffeId: string; keyPem?: string }[];
    };
    assert.deepEqual(
      fetched.svids.map(({ spiffeId }) => spiffeId),
      [details],
    );
    assert.equal(fetched.svids[0]!.keyPem, undefined);
  });

  it('starts a decider again that was killed, and its clients are served again', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    process.kill(server.ready.deciderPids[0]!, 'SIGKILL');
    await eventually('a new decider answers', async () => {
      using client = checkClient(server.ready.extAuthz);
      const answer = await client.ask(question('GET'));
      return answer.code === 0 && 'reason' in answer && answer.reason === 'rule_allowed' ? true : undefined;
    });
    await eventually('it is ready again', async () => ((await ready(server.ready.health)).ready ? true : undefined));
  });

  it('spreads connections over its workers, and all of them decide', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, extAuthz: { workers: 2 } });
    await using server = await runGatehouse(dir.config);
    assert.equal(server.ready.deciderPids.length, 2);
    for (let i = 0; i < 4; i++) {
      using client = checkClient(server.ready.extAuthz);
      const answer = await client.ask(question('GET'));
      assert.ok('reason' in answer, JSON.stringify(answer));
      assert.equal(answer.reason, 'rule_allowed');
    }
    await eventually('both have answered', async () => {
      const { text } = await page(server.ready.health, '/metrics');
      return /^gatehouse_check_seconds_count 4$/m.test(text) ? true : undefined;
    });
  });

  it('takes entries, workloads and log level at SIGHUP, and refuses a listener by name', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    await dir.configure({
      listen: { ...usualListeners, health: '127.0.0.1:1' },
      entries: [ownEntry()],
      workloads: [{ namespace: 'default', serviceAccount: 'details', socket: { path: './run/details.sock' } }],
      log: { level: 'debug' },
    });
    process.kill(server.pid, 'SIGHUP');
    const degraded = await eventually('it was read again', async () => {
      const { degraded } = await ready(server.ready.health);
      return degraded.length > 0 ? degraded : undefined;
    });
    assert.deepEqual(degraded, ['restart_required: listen.health']);
    assert.match(server.log(), /restart_required: listen\.health/);
    await eventually('the entry is in force', async () => {
      const { entries } = (await gatehouseJson('entry', 'list', '--admin', server.ready.admin)) as {
        entries: unknown[];
      };
      return entries.length === 2 ? true : undefined;
    });
    assert.equal(statSync(dir.at('run/details.sock')).mode & 0o777, 0o600);
  });

  it('keeps the configuration that it has when the new one is broken', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    await dir.configure({ listen: usualListeners, lisen: {} });
    process.kill(server.pid, 'SIGHUP');
    const degraded = await eventually('it was refused', async () => {
      const { degraded } = await ready(server.ready.health);
      return degraded.length > 0 ? degraded : undefined;
    });
    assert.match(degraded[0]!, /gatehouse\.yaml:\d+:\d+: lisen: /);
  });

  it('decides by what a file last said when it is broken at the next start, and says so', async () => {
    await using dir = await gatehouseDir();
    await (await runGatehouse(dir.config)).stop();
    await dir.policy('details', allowing('GET').replace('rules:', 'ruels:'));
    await using server = await runGatehouse(dir.config);
    const state = await ready(server.ready.health);
    assert.equal(state.ready, true);
    assert.match(state.degraded[0] ?? '', /policies\/details\.yaml:6$/);
    using client = checkClient(server.ready.extAuthz);
    const answer = await client.ask(question('GET'));
    assert.equal('reason' in answer && answer.reason, 'rule_allowed');
  });

  it('cannot be read by a debugger: no SIGUSR1, no core files', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    for (const pid of [server.pid, ...server.ready.deciderPids]) {
      assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size\s+0\s+0\s/m);
      assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /--disable-sigusr1/);
    }
  });

  it('keeps its memory small however it was started: with flags and one arena of malloc in each process', async () => {
    await using dir = await gatehouseDir();
    await using child = startChild(process.execPath, [
      join(projectRoot, 'src/main.ts'),
      ...['serve', '--config', dir.config],
    ]);
    await Promise.race([new Promise<void>((resolve) => child.onLine(() => resolve())), child.ended]);
    const ready = JSON.parse(child.stdout()) as ReadyLine; // the contract's own line
    for (const pid of [ready.pid, ...ready.deciderPids]) {
      const flags = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const wanted = pid === ready.pid ? missingFlags([]) : DECIDER_FLAGS;
      assert.deepEqual(
        wanted.filter((flag) => !flags.includes(flag)),
        [],
      );
      assert.match(readFileSync(`/proc/${pid}/environ`, 'utf8'), /(^|\0)MALLOC_ARENA_MAX=1\0/);
    }
  });

  it('is not dumpable: its files under /proc belong to root, although it runs as another user', async () => {
    await using dir = await gatehouseDir();
    await chmod(dir.path, 0o777);
    await using child = startChild(...asUser(65_534, 65_534, gatehouseCommand('serve', '--config', dir.config).flat()));
    await Promise.race([new Promise<void>((resolve) => child.onLine(() => resolve())), child.ended]);
    const ready = JSON.parse(child.stdout()) as ReadyLine; // the contract's own line
    for (const pid of [ready.pid, ...ready.deciderPids]) {
      assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\s+65534\s+65534/m);
      assert.equal(statSync(`/proc/${pid}/environ`).uid, 0);
    }
    assert.equal(await child.stop(), 0);
  });

  it('lets a watcher of SVIDs know when it drains', async () => {
    await using dir = await gatehouseDir({ listen: usualListeners, entries: [ownEntry()] });
    await using server = await runGatehouse(dir.config);
    await using watch = startChild(
      ...gatehouseCommand('svid', 'watch', '--socket', server.ready.workloadApi, '--output', 'json'),
    );
    await new Promise<void>((resolve) => watch.onLine(() => resolve()));
    assert.equal(await server.stop('SIGTERM'), 0);
    assert.equal(await watch.stop('SIGTERM'), 0);
  });

  it('lets one policy file say something else without a restart', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    using client = checkClient(server.ready.extAuthz);
    const reasonOf = async () => {
      const answer = await client.ask(question('GET'));
      return 'reason' in answer ? answer.reason : answer.details;
    };
    assert.equal(await reasonOf(), 'rule_allowed');
    await dir.policy('details', allowing('POST'));
    await eventually('GET is denied', async () => ((await reasonOf()) === 'no_rule_allowed' ? true : undefined));

    await dir.policy('details', allowing('GET').replace('rules:', 'ruels:'));
    const degraded = await eventually('the broken file is told', async () => {
      const state = await ready(server.ready.health);
      return state.degraded.length > 0 ? state : undefined;
    });
    assert.equal(degraded.ready, true);
    assert.match(degraded.degraded[0]!, /policies\/details\.yaml:6$/);
    assert.equal(await reasonOf(), 'no_rule_allowed');

    await dir.policy('details', allowing('GET'));
    await eventually('GET is allowed again', async () => ((await reasonOf()) === 'rule_allowed' ? true : undefined));
    await eventually('it is whole again', async () =>
      (await ready(server.ready.health)).degraded.length === 0 ? true : undefined,
    );
  });
});
