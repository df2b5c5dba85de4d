import assert from 'node:assert/strict';
import { podOfCgroups } from '../../../../../src/identity/attestation/kubernetes/cgroup-pod.ts';

const uid = '0a1b2c3d-1111-4222-8333-0123456789ab';
const other = 'ffffffff-1111-4222-8333-0123456789ab';
const low = uid.replaceAll('-', '_');
const id = 'c'.repeat(64);
const outer = 'd'.repeat(64);
const inPod = { in: 'pod', of: { podUid: uid, containerId: id } };
const noPod = { in: 'no-pod' };

const found: readonly { readonly name: string; readonly path: string }[] = [
  { name: 'cgroupfs, burstable', path: `/kubepods/burstable/pod${uid}/${id}` },
  { name: 'cgroupfs, guaranteed', path: `/kubepods/pod${uid}/${id}` },
  {
    name: 'systemd, containerd',
    path: `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${low}.slice/cri-containerd-${id}.scope`,
  },
  { name: 'systemd, guaranteed, cri-o', path: `/kubepods.slice/kubepods-pod${low}.slice/crio-${id}.scope` },
  {
    name: 'systemd, cri-o with crun',
    path: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${low}.slice/crio-${id}.scope/container`,
  },
  { name: 'systemd, Docker', path: `/kubepods.slice/kubepods-pod${low}.slice/docker-${id}.scope` },
  {
    name: "containerd's cgroupfs driver under a kubelet with systemd's",
    path: `/system.slice/containerd.service/kubepods-besteffort-pod${low}.slice:cri-containerd:${id}`,
  },
  {
    name: 'kind, systemd',
    path: `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${low}.slice/cri-containerd-${id}.scope`,
  },
  { name: 'kind, cgroupfs, from outside', path: `/docker/${outer}/kubelet/kubepods/besteffort/pod${uid}/${id}` },
  {
    name: 'kind, systemd, from outside',
    path: `/system.slice/docker-${outer}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${low}.slice/cri-containerd-${id}.scope`,
  },
  {
    name: 'from within a pod of the same class, by a namespace of control groups',
    path: `/../../kubepods-besteffort-pod${low}.slice/cri-containerd-${id}.scope`,
  },
  { name: 'the same with cgroupfs', path: `/../../pod${uid}/${id}` },
  { name: 'from within a pod of another class', path: `/../../../burstable/pod${uid}/${id}` },
  {
    name: 'what a container makes inside of itself',
    path: `/kubepods/pod${uid}/${id}/docker/${outer}/init.scope`,
  },
];

const strangers: readonly { readonly name: string; readonly path: string }[] = [
  { name: 'the root', path: '/' },
  { name: 'a service', path: '/system.slice/sshd.service' },
  { name: 'a container of no kubelet', path: `/system.slice/docker-${outer}.scope` },
  {
    name: "a user's own groups",
    path: `/user.slice/user-1000.slice/user@1000.service/app.slice/kubepods/pod${uid}/${id}`,
  },
  { name: "a user's own groups seen from a pod", path: `/../../../user.slice/user-1000.slice/pod${uid}/${id}` },
  { name: "a service's own groups", path: `/system.slice/build.service/kubepods/pod${uid}/${id}` },
  { name: 'a pod without a container', path: `/kubepods/pod${uid}` },
  { name: "cri-o's monitor", path: `/kubepods.slice/kubepods-pod${low}.slice/crio-conmon-${id}.scope` },
  { name: 'a longer name', path: `/kubepods/xpod${uid}/${id}` },
  { name: 'a container id that is too short', path: `/kubepods/pod${uid}/${'c'.repeat(63)}` },
  { name: 'a slice of another unit', path: `/kubepods.slice/evil-pod${low}.slice/cri-containerd-${id}.scope` },
];

describe('podOfCgroups', () => {
  for (const { name, path } of found)
    it(`finds pod and container: ${name}`, () => assert.deepEqual(podOfCgroups(`0::${path}\n`), inPod));

  for (const { name, path } of strangers)
    it(`finds no pod: ${name}`, () => assert.deepEqual(podOfCgroups(`0::${path}\n`), noPod));

  it('reads hierarchies of version 1, of which not all need to name it', () => {
    const path = `/kubepods/besteffort/pod${uid}/${id}`;
    const text = `12:pids:${path}\n4:cpu,cpuacct:${path}\n3:rdma:/\n1:name=systemd:${path}\n0::/\n`;
    assert.deepEqual(podOfCgroups(text), inPod);
  });

  it('is in doubt when hierarchies name two pods, or two containers of one', () => {
    for (const second of [`/kubepods/pod${other}/${id}`, `/kubepods/pod${uid}/${outer}`]) {
      const verdict = podOfCgroups(`4:cpu:/kubepods/pod${uid}/${id}\n1:name=systemd:${second}\n`);
      assert.equal(verdict.in, 'doubt');
    }
  });

  it('is in doubt when a pod lies in a pod: a privileged container may make groups of any name', () => {
    const verdict = podOfCgroups(`0::/kubepods/pod${other}/${outer}/kubepods/pod${uid}/${id}\n`);
    assert.equal(verdict.in, 'doubt');
  });

  it('leaves out what we share with the process: a machine that is itself a container of a pod', () => {
    const machine = `/kubepods/pod${other}/${outer}/docker/${outer}`;
    const own = `4:cpu:${machine}/kubelet/kubepods/besteffort/pod${'a'.repeat(8)}-1111-4222-8333-0123456789ab/${outer}\n`;
    const text = `4:cpu:${machine}/kubelet/kubepods/besteffort/pod${uid}/${id}\n`;
    assert.deepEqual(podOfCgroups(text, own), inPod);
  });

  it('takes a static pod for a process of the machine: it has no service account', () => {
    assert.deepEqual(podOfCgroups(`0::/kubepods/besteffort/pod${'a'.repeat(32)}/${id}\n`), noPod);
  });

  it('reads nothing into what is no list of control groups', () => {
    for (const text of ['', '\n', 'nonsense', '0::relative', `:kubepods/pod${uid}/${id}`])
      assert.deepEqual(podOfCgroups(text), noPod);
  });
});
