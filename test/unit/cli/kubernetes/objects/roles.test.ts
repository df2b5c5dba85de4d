import assert from 'node:assert/strict';
import { grants } from '../../../../../src/cli/kubernetes/objects/roles.ts';
import { policyObjectKinds, registryObjectKinds } from '../../../../../src/policy/objects/object-kind.ts';

describe('grants', () => {
  it('let a decider watch every kind that is read out of a cluster, and no other', () => {
    const read = [...policyObjectKinds(), ...registryObjectKinds()].flatMap(({ kind, groups }) =>
      groups.map(({ group }) => `${group}/${`${kind.toLowerCase()}s`.replace(/ys$/, 'ies')}`),
    );
    const watched = grants
      .filter(({ of, verbs }) => of.node === true && verbs.join() === 'get,list,watch')
      .flatMap(({ groups, resources }) => groups.flatMap((group) => resources.map((each) => `${group}/${each}`)));
    assert.deepEqual([...new Set(watched)].sort(), [...new Set(read)].sort());
  });

  it('have a reason each, and neither a wildcard nor what nobody of us needs', () => {
    for (const { why, groups, resources, verbs } of grants) {
      assert.match(why, /^[A-Z].*\.$/);
      for (const text of [...groups, ...resources, ...verbs])
        assert.ok(
          !['*', 'secrets', 'delete', 'deletecollection', 'impersonate', 'escalate', 'bind'].includes(text),
          text,
        );
    }
  });
});
