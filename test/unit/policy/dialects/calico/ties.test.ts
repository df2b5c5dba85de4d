import assert from 'node:assert/strict';
import { lintTiers } from '../../../../../src/policy/dialects/calico/lint-tiers.ts';
import { usualDialect } from '../../../../../src/policy/dialects/contribution.ts';
import { readPolicies } from '../../../../../src/policy/read-policies.ts';
import { Chance } from '../../../../reference/calico-random.ts';

interface Made {
  readonly namespace: string;
  readonly order: number;
  /** Undefined: everything of its namespace. */
  readonly app: string | undefined;
  readonly rules: readonly { readonly action: string; readonly port: number | undefined; readonly caller: string }[];
}

const yaml = ({ namespace, order, app, rules }: Made, i: number): string =>
  JSON.stringify({
    apiVersion: 'projectcalico.org/v3',
    kind: namespace === '' ? 'GlobalNetworkPolicy' : 'NetworkPolicy',
    metadata: { name: `default.p${i}`, ...(namespace !== '' && { namespace }) },
    spec: {
      order,
      selector: app === undefined ? 'all()' : `app == '${app}'`,
      ingress: rules.map(({ action, port, caller }) => ({
        action,
        protocol: 'TCP',
        source: { selector: `b == '${caller}'`, namespaceSelector: 'all()' },
        ...(port !== undefined && { destination: { ports: [port] } }),
      })),
    },
  });

const isOne = <T>(a: T | undefined, b: T | undefined): boolean => a === undefined || b === undefined || a === b;

/** Some connection meets both rules, of which one denies and one does not. */
const clash = (a: Made['rules'][number], b: Made['rules'][number]): boolean =>
  a.caller === b.caller &&
  isOne(a.port, b.port) &&
  a.action !== b.action &&
  [a.action, b.action].includes('Deny') &&
  ![a.action, b.action].includes('Log');

/** The definition: each policy with the first before it that may meet it and contradicts it. */
function slow(all: readonly Made[]): readonly (readonly [later: number, first: number])[] {
  return all.flatMap((one, i) => {
    const first = all.findIndex(
      (other, j) =>
        j < i &&
        other.order === one.order &&
        isOne(other.namespace || undefined, one.namespace || undefined) &&
        isOne(other.app, one.app) &&
        other.rules.some((a) => one.rules.some((b) => clash(a, b))),
    );
    return first < 0 ? [] : [[i, first] as const];
  });
}

describe('ties of order', () => {
  it('are told once a policy, with the first that it contradicts, whatever namespaces, workloads, callers and ports', () => {
    const chance = new Chance(7);
    let ties = 0;
    let silent = 0;
    for (let world = 0; world < 200; world++) {
      const all = Array.from(
        { length: 12 },
        (): Made => ({
          namespace: chance.of(['', 'x', 'y', 'z']),
          order: chance.below(3),
          app: chance.of([undefined, 'a', 'b']),
          rules: Array.from({ length: 1 + chance.below(2) }, () => ({
            action: chance.of(['Allow', 'Deny', 'Pass', 'Log']),
            port: chance.of([undefined, 80, 81]),
            caller: chance.of(['c', 'd']),
          })),
        }),
      );
      const contributions = all.flatMap((made, i) =>
        readPolicies(`f${i}`, yaml(made, i), usualDialect).documents.flatMap(({ contribution }) => contribution ?? []),
      );
      assert.equal(contributions.length, all.length);
      const told = lintTiers(contributions)
        .filter(({ code }) => code === 'order-tie')
        .map(({ message }) => [...message.matchAll(/default\.p(\d+)/g)].slice(0, 2).map(([, i]) => Number(i)))
        .toSorted(([a], [b]) => a! - b!);
      assert.deepEqual(told, slow(all));
      ties += told.length;
      silent += all.length - told.length;
    }
    assert.ok(ties > 200 && silent > 1000, `${ties} and ${silent}`);
  });
});
