import assert from 'node:assert/strict';
import { findIdle } from '../../../../../src/analysis/lint/exact/find-idle.ts';
import type { Expr, Plane, Policy, Rule } from '../../../../../src/policy/model.ts';

const position = { file: 'a.yaml', line: 1, column: 1 };
const rule = (index: number, http: Expr): Rule => ({ index, position, effect: 'allow', http, tcp: http });
const policyOf = (name: string, ...conditions: readonly Expr[]): Policy => ({
  ref: { dialect: 'istio', kind: 'AuthorizationPolicy', namespace: name, name },
  position,
  owner: '',
  mode: 'enforce',
  subject: { namespace: name, labels: [] },
  rules: conditions.map((http, index) => rule(index, http)),
});
const planeOf = (...policies: readonly Policy[]): Plane => ({
  id: 'istio',
  mode: 'enforce',
  stages: [{ kind: 'any-allow', name: 'ALLOW', policies }],
});
const header = (name: string, value: string): Expr => ({
  op: 'text',
  fact: { of: 'header', name },
  any: [{ is: 'exact', value }],
});
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Pairs of headers that are asked far from each other: regions of two to the power of their number. */
const tangled = (count: number): Expr => ({
  op: 'all',
  of: [
    { op: 'any', of: range(count).map((i) => header(`a${i}`, 'x')) },
    ...range(count).map((i): Expr => ({ op: 'any', of: [header(`a${i}`, 'x'), header(`b${i}`, 'x')] })),
  ],
});
const atPort = (port: number): Expr => ({ op: 'port', fact: 'destinationPort', any: [{ from: port, to: port }] });
const namesOf = (rules: readonly { readonly policy: Policy; readonly rule: Rule }[]): string[] =>
  rules.map(({ policy, rule: { index } }) => `${policy.ref.name} ${index}`).sort();

describe('findIdle', () => {
  it('gives each rule a share: what is tangled takes nothing from what is plain', () => {
    const knot = (name: string) =>
      policyOf(name, ...range(4).map((i) => ({ op: 'all', of: [tangled(17), header('c', `${i}`)] }) as const));
    const plain = policyOf('plain', atPort(80), { op: 'all', of: [atPort(80), header('d', '1')] });
    const { idle, unanswered, of } = findIdle([planeOf(knot('k1'), plain, knot('k2'))], 'upstream', {
      nodes: 20_000,
      pairs: 1_000,
    });
    assert.deepEqual(namesOf(idle.map(({ one }) => one)), ['plain 1']);
    assert.deepEqual(
      namesOf(unanswered),
      ['k1', 'k2'].flatMap((name) => range(4).map((i) => `${name} ${i}`)),
    );
    assert.equal(of, 10);
  });

  it('sees a request that comes past many rules without putting them all together', () => {
    const of = range(24).map((i): Expr => ({ op: 'all', of: [header(`a${i}`, 'x'), header(`b${i}`, 'x')] }));
    const deny = policyOf('all', ...of);
    const asked = policyOf('other', {
      op: 'all',
      of: [atPort(81), { op: 'any', of: range(24).map((i) => header(`a${i}`, 'x')) }, { op: 'not', of: atPort(1) }],
    }); // the order of the questions
    const tier: Plane = {
      id: 'l4',
      mode: 'enforce',
      stages: [
        {
          kind: 'first-match',
          name: 'tier',
          onNoMatch: 'deny',
          policies: [
            { ...deny, rules: deny.rules.map((one): Rule => ({ ...one, effect: 'deny' })) },
            policyOf('all', atPort(80)),
            asked,
          ],
        },
      ],
    };
    const { idle, unanswered } = findIdle([tier], 'upstream', { nodes: 4_000, pairs: 10_000 });
    assert.deepEqual([namesOf(unanswered), idle.length], [[], 0]);
  });
});
