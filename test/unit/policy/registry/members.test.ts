import assert from 'node:assert/strict';
import { parseIp } from '../../../../src/lib/ip-address.ts';
import { finish } from '../../../../src/lib/work.ts';
import { labelsOf } from '../../../../src/policy/registry/member-layer.ts';
import { membersWork, type RegistryMembers } from '../../../../src/policy/registry/members.ts';
import { type Endpoint, emptyRegistry, type Registry } from '../../../../src/policy/registry/registry.ts';

const COUNT = 5_000;
const pod = (i: number, version = 0): Endpoint => ({
  ...{ namespace: `ns-${i % 10}`, name: `pod-${i}`, serviceAccount: 'web', labels: [['version', `${version}`]] },
  ...{ addresses: [`10.0.${i >> 8}.${i & 255}`], ports: [], hostNetwork: false },
});
const pods: readonly Endpoint[] = Array.from({ length: COUNT }, (_, i) => pod(i));
const registryOf = (endpoints: readonly Endpoint[]): Registry => ({ ...emptyRegistry, endpoints });

/** Members of one registry after another, and how many were made for each. */
function createEdits() {
  const ids = { next: 0 };
  let members: RegistryMembers | undefined;
  return (registry: Registry): { readonly members: RegistryMembers; readonly made: number } => {
    const before = ids.next;
    members = finish(membersWork(registry, ids, members));
    return { members, made: ids.next - before };
  };
}

const versionAt = (members: RegistryMembers, text: string): readonly (string | undefined)[] =>
  members.holding({ text, bytes: parseIp(text)! }).map((member) => labelsOf(member).get('version'));

describe('members of a large registry', () => {
  it('are made anew for a pod that flaps, and for no other', () => {
    const edit = createEdits();
    assert.equal(edit(registryOf(pods)).made, COUNT);
    let list = pods;
    for (let i = 1; i <= 300; i++) {
      list = list.length === COUNT ? list.toSpliced(700, 1) : list.toSpliced(700, 0, pod(700, i));
      const { members, made } = edit(registryOf(list));
      assert.equal(made, list.length === COUNT ? 1 : 0);
      assert.deepEqual(versionAt(members, '10.0.2.188'), list.length === COUNT ? [`${i}`] : []);
    }
  });

  it('are made anew for the pods of a rollout, at once or one by one, and for no others', () => {
    const edit = createEdits();
    edit(registryOf(pods));
    const rolled = pods.map((one, i) => (i < 2_000 ? pod(i, 1) : one));
    const { members, made } = edit(registryOf(rolled));
    assert.equal(made, 2_000);
    assert.deepEqual([versionAt(members, '10.0.0.7'), versionAt(members, '10.0.19.0')], [['1'], ['0']]);
    let list: readonly Endpoint[] = rolled;
    for (let i = 0; i < 400; i++) {
      list = [...list, pod(COUNT + i, 2)];
      assert.equal(edit(registryOf(list)).made, 1, `pod ${i} at the end`);
    }
  });

  it('come back when the registry shrank to nothing', () => {
    const edit = createEdits();
    edit(registryOf(pods));
    const none = edit(emptyRegistry);
    assert.deepEqual([none.made, versionAt(none.members, '10.0.0.7')], [0, []]);
    const back = edit(registryOf(pods));
    assert.deepEqual([back.made, versionAt(back.members, '10.0.0.7')], [COUNT, ['0']]);
  });

  it('are made anew where their namespace or account has other labels, and nowhere else', () => {
    const edit = createEdits();
    const registry = registryOf(pods);
    edit(registry);
    const namespaces = [{ name: 'ns-3', labels: [['env', 'prod']] as const }];
    assert.equal(edit({ ...registry, namespaces }).made, COUNT / 10);
    const serviceAccounts = [{ namespace: 'ns-4', name: 'web', labels: [] }];
    assert.equal(edit({ ...registry, namespaces, serviceAccounts }).made, COUNT / 10);
    assert.equal(edit({ ...registry, namespaces: [...namespaces], serviceAccounts: [...serviceAccounts] }).made, 0);
  });

  it('are told twice of a pod that a list holds twice no more often than once', () => {
    const edit = createEdits();
    const [a, b] = [pod(1), pod(2)];
    edit(registryOf([a, b, a]));
    const { members } = edit(registryOf([a, b]));
    assert.deepEqual([versionAt(members, '10.0.0.1'), versionAt(members, '10.0.0.2')], [['0'], ['0']]);
  });
});
