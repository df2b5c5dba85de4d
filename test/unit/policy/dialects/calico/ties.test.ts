import assert from 'node:assert/strict';
import { lintTiers } from '../../../../../src/policy/dialects/calico/lint-tiers.ts';
import { readPolicies } from '../../../../../src/policy/read-policies.ts';
import { Chance } from '../../../../reference/calico-random.ts';

const options = {
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  rootNamespace: 'istio-system',
  customProviders: {},
};

interface Made {
  readonly namespace: string;
  readonly order: number;
  readonly actions: readonly string[];
}

const yaml = ({ namespace, order, actions }: Made, i: number): string =>
  JSON.stringify({
    apiVersion: 'projectcalico.org/v3',
    kind: namespace === '' ? 'GlobalNetworkPolicy' : 'NetworkPolicy',
    metadata: { name: `default.p${i}`, ...(namespace !== '' && { namespace }) },
    spec: {
      order,
      selector: `a == '${i}'`,
      ingress: actions.map((action) => ({ action, source: { selector: "b == 'c'" } })),
    },
  });

/** The definition: each policy with the first before it that may meet it and contradicts it. */
function slow(all: readonly Made[]): readonly (readonly [later: number, first: number])[] {
  const opposed = (a: Made, b: Made): boolean =>
    a.actions.includes('Deny') && b.actions.some((action) => action === 'Allow' || action === 'Pass');
  return all.flatMap((one, i) => {
    const first = all.findIndex(
      (other, j) =>
        j < i &&
        other.order === one.order &&
        (other.namespace === '' || one.namespace === '' || other.namespace === one.namespace) &&
        (opposed(other, one) || opposed(one, other)),
    );
    return first < 0 ? [] : [[i, first] as const];
  });
}

describe('ties of order', () => {
  it('are told once a policy, with the first that it contradicts, whatever the namespaces', () => {
    const chance = new Chance(7);
    let ties = 0;
    for (let world = 0; world < 200; world++) {
      const all = Array.from(
        { length: 12 },
        (): Made => ({
          namespace: chance.of(['', 'x', 'y', 'z']),
          order: chance.below(3),
          actions: Array.from({ length: 1 + chance.below(2) }, () => chance.of(['Allow', 'Deny', 'Pass', 'Log'])),
        }),
      );
      const contributions = all.flatMap((made, i) =>
        readPolicies(`f${i}`, yaml(made, i), options).documents.flatMap(({ contribution }) => contribution ?? []),
      );
      assert.equal(contributions.length, all.length);
      const told = lintTiers(contributions)
        .filter(({ code }) => code === 'order-tie')
        .map(({ message }) => [...message.matchAll(/default\.p(\d+)/g)].slice(0, 2).map(([, i]) => Number(i)))
        .toSorted(([a], [b]) => a! - b!);
      assert.deepEqual(told, slow(all));
      ties += told.length;
    }
    assert.ok(ties > 500, `${ties}`);
  });
});
