import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gatehouseDir } from '../../support/gatehouse-dir.ts';
import { runGatehouse } from '../../support/run-gatehouse.ts';

const variablesOf = (pid: number): readonly string[] =>
  readFileSync(`/proc/${pid}/environ`, 'latin1')
    .split('\0')
    .map((each) => each.split('=', 1)[0]!);

describe("Node's own variables", function () {
  this.timeout(300_000);
  const set = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_OPTIONS: '--no-deprecation', SSLKEYLOGFILE: '/dev/null' };

  before(() => void Object.assign(process.env, set));
  after(() => {
    for (const name of Object.keys(set)) delete process.env[name];
  });

  it('reach neither the server nor its deciders, which the log says', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    assert.equal(server.ready.pid, server.pid, 'still the process that was started');
    for (const pid of [server.ready.pid, ...server.ready.deciderPids]) {
      const found = variablesOf(pid).filter((name) => name in set || name === 'GATEHOUSE_DROPPED_VARIABLES');
      // What a process was given stands in its memory; the list of what was dropped is told that way.
      assert.deepEqual(found, pid === server.ready.pid ? ['GATEHOUSE_DROPPED_VARIABLES'] : []);
    }
    assert.match(server.log(), /"variables":\["NODE_OPTIONS","NODE_TLS_REJECT_UNAUTHORIZED","SSLKEYLOGFILE"\]/);
  });
});
