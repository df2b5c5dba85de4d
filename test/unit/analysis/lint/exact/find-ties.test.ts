import assert from 'node:assert/strict';
import { findTies } from '../../../../../src/analysis/lint/exact/find-ties.ts';
import type { Effect, Expr, Plane, Policy } from '../../../../../src/policy/model.ts';

const position = { file: 'a.yaml', line: 1, column: 1 };
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const header = (name: string): Expr => ({
  op: 'text',
  fact: { of: 'header', name },
  any: [{ is: 'exact', value: 'x' }],
});
const atPort = (port: number): Expr => ({ op: 'port', fact: 'destinationPort', any: [{ from: port, to: port }] });

/** Pairs of headers that are asked far from each other: a region of two to the power of their number. */
const tangled: Expr = {
  op: 'all',
  of: [
    { op: 'any', of: range(17).map((i) => header(`a${i}`)) },
    ...range(17).map((i): Expr => ({ op: 'any', of: [header(`a${i}`), header(`b${i}`)] })),
  ],
};

/** Each beginning of a name is a namespace. */
const policyOf = (name: string, effect: Effect, ...conditions: readonly Expr[]): Policy => ({
  ref: { dialect: 'calico', kind: 'GlobalNetworkPolicy', namespace: '', name },
  position,
  owner: '',
  mode: 'enforce',
  order: 5,
  subject: { namespace: name[0]!, labels: [] },
  rules: conditions.map((http, index) => ({ index, position, effect, http, tcp: http })),
});

const tied = (...policies: readonly Policy[]): Plane => ({
  id: 'l4',
  mode: 'enforce',
  stages: [{ kind: 'first-match', name: 'default', onNoMatch: 'deny', policies }],
});

describe('findTies', () => {
  it('bounds each pair: what is tangled takes nothing from what is plain, and is named alone', () => {
    const plane = tied(
      policyOf('k1', 'allow', tangled, { op: 'all', of: [tangled, header('c')] }),
      policyOf('k2', 'deny', { op: 'all', of: [tangled, header('d')] }),
      policyOf('p1', 'allow', atPort(80)),
      policyOf('p2', 'deny', atPort(80)),
      policyOf('p3', 'deny', atPort(81)),
    );
    const { ties, unanswered, of } = findTies([plane], 'upstream', { nodes: 20_000, pairs: 1_000 });
    const names = ties.map(({ first, second }) => `${first.policy.ref.name} ${second.policy.ref.name}`);
    assert.deepEqual(
      names.filter((name) => /^p\d p\d$/.test(name)),
      ['p1 p2'],
    );
    assert.ok(unanswered.some(({ policy }) => policy.ref.name === 'k2'));
    assert.ok(unanswered.every(({ policy }) => policy.ref.name !== 'p2'));
    assert.equal(of, 6);
  });
});
