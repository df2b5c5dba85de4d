import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { createAttestor, type UnixPeer } from '../../../../src/identity/attestation/attestor.ts';
import { createExecutables, mayReadForeignExecutables } from '../../../../src/identity/attestation/executable.ts';
import { selectorsOfProcess } from '../../../../src/identity/attestation/process-selectors.ts';
import { type Accounts, NO_ID } from '../../../../src/lib/accounts.ts';

const accounts: Accounts = {
  userName: (uid) => (uid === 1001 ? 'details' : undefined),
  groupName: (gid) => (gid === 1002 ? 'apps' : undefined),
  uidOf: () => undefined,
  gidOf: () => undefined,
};
const everything = { path: true, sha256: true };

function attestor(wanted = everything) {
  return createAttestor({ accounts, executables: createExecutables(), wanted: () => wanted });
}

function peer(change: Partial<UnixPeer> = {}): UnixPeer {
  return { pid: process.pid, uid: 1001, gid: 1002, groups: [7, 8], process: { alive: () => true }, ...change };
}

const ofCredentials = [
  'unix:uid:1001',
  'unix:gid:1002',
  'unix:user:details',
  'unix:group:apps',
  'unix:supplementary_gid:7',
  'unix:supplementary_gid:8',
];
const ourselves = [
  `unix:path:${realpathSync('/proc/self/exe')}`,
  `unix:sha256:${createHash('sha256').update(readFileSync('/proc/self/exe')).digest('hex')}`,
];

describe('createAttestor', () => {
  it('gives what the kernel says, names, and path and hash of the executable', async () => {
    const { selectors } = await attestor().attest({ peer: peer(), workloadSocket: undefined });
    assert.deepEqual(selectors, [...ofCredentials, ...ourselves]);
  });

  it('has no selectors of a user or a group that cannot be told', async () => {
    const unknown = peer({ uid: NO_ID, gid: NO_ID, groups: [] });
    const { selectors } = await attestor().attest({ peer: unknown, workloadSocket: undefined });
    assert.deepEqual(selectors, ourselves);
  });

  it('reads no executable that no entry asks for', async () => {
    const { selectors } = await attestor({ path: false, sha256: false }).attest({
      peer: peer(),
      workloadSocket: undefined,
    });
    assert.deepEqual(selectors, ofCredentials);
  });

  it('gives a caller of another PID namespace no facts of a process', async () => {
    const hidden = peer({ pid: 0, process: undefined });
    const attested = await attestor().attest({ peer: hidden, workloadSocket: undefined });
    assert.deepEqual(attested.selectors, ofCredentials);
    assert.equal(attested.alive(), true);
  });

  it('puts the socket first for a caller at a workload socket', async () => {
    const { selectors } = await attestor().attest({ peer: peer({ pid: 0 }), workloadSocket: '/run/details.sock' });
    assert.deepEqual(selectors, ['socket:/run/details.sock', ...ofCredentials]);
  });

  it('refuses a process that has ended, and says so with a trace id', async () => {
    for (const process of [{ alive: () => false }, undefined]) {
      await assert.rejects(
        attestor().attest({ peer: peer({ process }), workloadSocket: undefined }),
        (error: Error) => {
          assert.match(String(Reflect.get(Reflect.get(error, 'details'), 'peerText')), /ended \(trace [0-9a-f]{16}\)/);
          return Reflect.get(error, 'code') === 'attestation_failed';
        },
      );
    }
  });

  it('refuses a process that ended while its executable was read: its pid may be another process by now', async () => {
    let looks = 0;
    const process = { alive: () => ++looks === 1 };
    await assert.rejects(attestor().attest({ peer: peer({ process }), workloadSocket: undefined }), {
      code: 'attestation_failed',
    });
    assert.equal(looks, 2);
  });

  it('adds the selectors of the pod, and holds as long as process and pod', async () => {
    let state: 'current' | 'changed' | 'gone' = 'current';
    const pods = { podOf: async () => ({ ok: true, selectors: ['k8s:ns:default'], state: () => state }) as const };
    const deps = { accounts, executables: createExecutables(), wanted: () => ({ path: false, sha256: false }), pods };
    const attested = await createAttestor(deps).attest({ peer: peer(), workloadSocket: undefined });
    assert.deepEqual(attested.selectors, [...ofCredentials, 'k8s:ns:default']);
    assert.deepEqual([attested.alive(), attested.isStale?.()], [true, false]);
    state = 'changed';
    assert.deepEqual([attested.alive(), attested.isStale?.()], [true, true]);
    state = 'gone';
    assert.equal(attested.alive(), false);
  });

  it('refuses a process of which the pod is not certain, and one that ended while its pod was sought', async () => {
    const refused = { podOf: async () => ({ ok: false, why: 'two pods' }) as const };
    const deps = { accounts, executables: createExecutables(), wanted: () => ({ path: false, sha256: false }) };
    await assert.rejects(
      createAttestor({ ...deps, pods: refused }).attest({ peer: peer(), workloadSocket: undefined }),
      {
        code: 'attestation_failed',
        message: /two pods/,
      },
    );
    const own = await createAttestor({ ...deps, pods: refused }).attest({
      peer: peer(),
      workloadSocket: '/run/a.sock',
    });
    assert.deepEqual(
      [own.selectors, own.alive()],
      [['socket:/run/a.sock', ...ofCredentials], true],
      'a socket of its own',
    );
    let looks = 0;
    const process = { alive: () => ++looks === 1 };
    await assert.rejects(
      createAttestor({ ...deps, pods: refused }).attest({ peer: peer({ process }), workloadSocket: undefined }),
      { code: 'attestation_failed', message: /has ended/ },
    );
  });

  it('refuses what came by no unix socket', async () => {
    await assert.rejects(attestor().attest({ peer: undefined, workloadSocket: undefined }), {
      code: 'attestation_failed',
    });
  });
});

describe('createExecutables', () => {
  it('leaves out what cannot be read', async () => {
    assert.deepEqual(await createExecutables().selectorsOf(2 ** 22 + 1, everything), []);
  });
});

describe('mayReadForeignExecutables', () => {
  it('is CAP_SYS_PTRACE', () => {
    assert.equal(mayReadForeignExecutables('CapEff:\t0000000000080000\n'), true);
    assert.equal(mayReadForeignExecutables('CapEff:\t000000000007ffff\n'), false);
    assert.equal(mayReadForeignExecutables(''), false);
  });
});

describe('selectorsOfProcess', () => {
  it('gives a process the selectors that it would have as a caller', async () => {
    const selectors = await selectorsOfProcess(process.pid, accounts, createExecutables());
    assert.ok(selectors.includes(`unix:uid:${process.geteuid?.()}`));
    assert.deepEqual(selectors.slice(-2), ourselves);
  });

  it('adds those of its pod, and says when it would be refused for that', async () => {
    const inPod = {
      podOf: async () => ({ ok: true, selectors: ['k8s:ns:a'], state: () => 'current' as const }) as const,
    };
    const selectors = await selectorsOfProcess(process.pid, accounts, createExecutables(), inPod);
    assert.equal(selectors.at(-1), 'k8s:ns:a');
    const refused = { podOf: async () => ({ ok: false, why: 'two pods' }) as const };
    await assert.rejects(selectorsOfProcess(process.pid, accounts, createExecutables(), refused), {
      code: 'attestation_failed',
      message: /would be refused: .*two pods/,
    });
  });

  it('says when there is no such process', async () => {
    await assert.rejects(selectorsOfProcess(2 ** 22 + 1, accounts, createExecutables()), { code: 'not_found' });
  });
});
