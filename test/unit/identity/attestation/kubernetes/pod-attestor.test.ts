import assert from 'node:assert/strict';
import { createNodePods } from '../../../../../src/identity/attestation/kubernetes/node-pods.ts';
import { createPodAttestor } from '../../../../../src/identity/attestation/kubernetes/pod-attestor.ts';
import { readPod } from '../../../../../src/identity/attestation/kubernetes/pod-facts.ts';
import { wantedOfPods } from '../../../../../src/identity/attestation/kubernetes/pod-selectors.ts';
import { type PodWords, podObject, podUid } from '../../../../support/kubernetes-pod.ts';

const podOfWords = (words?: PodWords) => readPod(podObject(words));
const id = 'c'.repeat(64);
const inPod = `0::/kubepods/besteffort/pod${podUid}/${id}\n`;
const basic = ['k8s:ns:default', 'k8s:sa:details', `k8s:pod-uid:${podUid}`, 'k8s:pod-name:details-1'];

function rig({ selectors = [] as readonly string[], cgroups = inPod, waitMs = 60_000 } = {}) {
  const pods = createNodePods('node-1', waitMs);
  const attestor = createPodAttestor({
    pods,
    wanted: () => wantedOfPods(selectors),
    cgroupsOf: async (pid) => (pid === 'self' ? '0::/system.slice/gatehouse.service\n' : cgroups),
  });
  return { pods, podOf: async () => attestor.podOf(7) };
}

const selectorsOf = (found: Awaited<ReturnType<ReturnType<typeof rig>['podOf']>>) =>
  found.ok ? found.selectors : found.why;

describe('createPodAttestor', () => {
  it('gives namespace, account, UID and name of the pod; of its labels those that an entry asks for', async () => {
    const { pods, podOf } = rig({ selectors: ['k8s:pod-label:app:details', 'k8s:pod-label:canary:'] });
    pods.replaced([podOfWords({ labels: { app: 'details', secret: 'x', canary: '' } })]);
    assert.deepEqual(selectorsOf(await podOf()), [...basic, 'k8s:pod-label:app:details', 'k8s:pod-label:canary:']);
  });

  it('gives a process of the machine nothing', async () => {
    const { podOf } = rig({ cgroups: '0::/system.slice/sshd.service\n' });
    assert.deepEqual(selectorsOf(await podOf()), []);
  });

  it('waits for a pod that the watch has not told of yet', async () => {
    const { pods, podOf } = rig();
    const asked = podOf();
    pods.changed({ type: 'ADDED', object: podOfWords({ uid: '11111111-1111-4222-8333-0123456789ab' }) });
    pods.changed({ type: 'ADDED', object: podOfWords() });
    assert.deepEqual(selectorsOf(await asked), basic);
  });

  it('refuses a process whose pod is not told within the bound, or runs on another node', async () => {
    const { pods, podOf } = rig({ waitMs: 1 });
    pods.replaced([podOfWords({ node: 'node-2' })]);
    assert.match(String(selectorsOf(await podOf())), /does not name its pod 0a1b2c3d-/);
  });

  it('refuses a process of which nobody can say in which pod it is, or of which nothing can be read', async () => {
    const other = `1:name=systemd:/kubepods/pod11111111-1111-4222-8333-0123456789ab/${id}\n`;
    assert.match(String(selectorsOf(await rig({ cgroups: `${inPod}${other}` }).podOf())), /different pods/);
    const attestor = createPodAttestor({
      pods: createNodePods('node-1'),
      wanted: () => wantedOfPods([]),
      cgroupsOf: (pid) => (pid === 'self' ? Promise.resolve('') : Promise.reject(new Error('ESRCH'))),
    });
    assert.match(String(selectorsOf(await attestor.podOf(7))), /cannot be read/);
  });

  it('names the container where an entry asks for it, and waits for the status that says so', async () => {
    const { pods, podOf } = rig({ selectors: ['k8s:container-name:app'] });
    pods.replaced([podOfWords()]);
    const asked = podOf();
    pods.changed({ type: 'MODIFIED', object: podOfWords({ containers: { [id]: 'app' } }) });
    assert.deepEqual(selectorsOf(await asked), [...basic, 'k8s:container-name:app']);
  });

  it('goes on without the name of a container that no status tells of', async () => {
    const { pods, podOf } = rig({ selectors: ['k8s:container-name:app'], waitMs: 1 });
    pods.replaced([podOfWords({ containers: { ['d'.repeat(64)]: 'app' } })]);
    assert.deepEqual(selectorsOf(await podOf()), basic);
  });

  it('says when the pod has changed in what is asked for, and when it is gone', async () => {
    const { pods, podOf } = rig({ selectors: ['k8s:pod-label:app:details'] });
    pods.replaced([podOfWords({ labels: { app: 'details' } })]);
    const found = await podOf();
    assert.ok(found.ok);
    pods.changed({ type: 'MODIFIED', object: podOfWords({ labels: { app: 'details', tier: 'x' } }) });
    assert.equal(found.state(), 'current');
    pods.changed({ type: 'MODIFIED', object: podOfWords({ labels: { app: 'other' } }) });
    assert.equal(found.state(), 'changed');
    pods.changed({ type: 'DELETED', object: podOfWords() });
    assert.equal(found.state(), 'gone');
  });

  it('knows after a start over only what that told', async () => {
    const { pods, podOf } = rig();
    pods.replaced([podOfWords()]);
    const found = await podOf();
    pods.replaced([]);
    assert.ok(found.ok && found.state() === 'gone');
  });
});
