import assert from 'node:assert/strict';
import fc from 'fast-check';
import { podOfCgroups } from '../../src/identity/attestation/kubernetes/cgroup-pod.ts';

const uid = '0a1b2c3d-1111-4222-8333-0123456789ab';
const id = 'c'.repeat(64);
const pieces = fc.constantFrom(
  ...['..', 'kubepods', 'kubepods.slice', 'besteffort', 'kubelet', 'system.slice', 'docker', 'container', id, 'x', ''],
  ...[
    `pod${uid}`,
    `kubepods-pod${uid.replaceAll('-', '_')}.slice`,
    `cri-containerd-${id}.scope`,
    `pod${'a'.repeat(32)}`,
  ],
  ...[
    'user.slice',
    'user-1000.slice',
    'user@1000.service',
    'evil',
    `kubepods-pod${uid}.slice:cri-containerd:${id}`,
    ':',
    '\n',
  ],
);
const paths = fc.array(pieces, { maxLength: 8 }).map((parts) => `/${parts.join('/')}`);
const lines = fc.array(fc.oneof(paths, fc.string()), { maxLength: 4 });

describe('podOfCgroups', () => {
  it('throws at nothing, and finds only the pod that is there', () => {
    fc.assert(
      fc.property(lines, lines, (text, own) => {
        const of = (some: readonly string[]) => some.map((path, i) => `${i}:c${i}:${path}`).join('\n');
        const verdict = podOfCgroups(of(text), of(own));
        if (verdict.in === 'pod') assert.deepEqual(verdict.of, { podUid: uid, containerId: id });
      }),
      { numRuns: 3_000 },
    );
  });

  it('finds none below what a user of the machine may make, whatever he makes there', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), fc.nat(3), (parts, ups) => {
        const own = parts.filter((part) => part !== '..' && part !== '\n').join('/');
        const path = `${'/..'.repeat(ups)}/user.slice/user-1000.slice/user@1000.service/${own}`;
        assert.notEqual(podOfCgroups(`0::${path}\n`).in, 'pod', path);
      }),
      { numRuns: 3_000 },
    );
  });
});
