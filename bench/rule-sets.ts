/**
 * Policy sets of any size, benign and adversarial, and requests that ask much of them.
 * @module
 */

import type { Expr, Policy, PolicyModel, TextFact, TextPattern } from '../src/policy/model.ts';
import { calicoModel, calicoRules } from './calico-shape.ts';

export interface RuleSet {
  readonly name: string;
  /** The set has this size and no other. */
  readonly onlySize?: number;
  model(rules: number): PolicyModel;
  /** A request that the set of that size allows, and one that it does not; the latter alone where nothing is allowed. */
  requests(rules: number): readonly Asked[];
}

/** The parts of a request that the sets look at. */
export interface Asked {
  readonly principal: string;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly allowed: boolean;
}

const position = { file: 'bench', line: 1, column: 1 };
const text = (fact: TextFact, ...any: TextPattern[]): Expr => ({ op: 'text', fact, any });
const exact = (value: string): TextPattern => ({ is: 'exact', value });
const all = (...of: Expr[]): Expr => ({ op: 'all', of });
const id = (namespace: string, account: string): string => `spiffe://cluster.local/ns/${namespace}/sa/${account}`;

function modelOf(rules: readonly Expr[]): PolicyModel {
  const policies = rules.map(
    (http, i): Policy => ({
      ref: { dialect: 'istio', kind: 'AuthorizationPolicy', namespace: 'default', name: `p${i}` },
      position,
      owner: '',
      mode: 'enforce',
      subject: { namespace: 'default', labels: [] },
      rules: [{ index: 0, position, effect: 'allow', http, tcp: undefined }],
    }),
  );
  return {
    generation: 1,
    absence: 'upstream',
    planes: [{ id: 'istio', mode: 'enforce', stages: [{ kind: 'any-allow', name: 'ALLOW', policies }] }],
  };
}

const many = (count: number, make: (i: number) => Expr): PolicyModel =>
  modelOf(Array.from({ length: count }, (_, i) => make(i)));

const asked = (part: Partial<Asked>): Asked => ({
  principal: id('ns-7', 'client-7'),
  method: 'GET',
  path: '/api/v1/items/7',
  host: 'details.example.com',
  headers: {},
  allowed: false,
  ...part,
});

/** As policies are usually written: a client, a method, a path. */
const benign: RuleSet = {
  name: 'benign: principal + method + path prefix',
  model: (count) =>
    many(count, (i) =>
      all(
        text({ of: 'peerName' }, exact(id(`ns-${i % 97}`, `client-${i}`))),
        text({ of: 'method' }, exact('GET'), exact('HEAD')),
        text({ of: 'path' }, { is: 'prefix', value: `/api/v1/service-${i}/` }),
      ),
    ),
  requests: (count) => [
    asked({
      principal: id(`ns-${(count - 1) % 97}`, `client-${count - 1}`),
      path: `/api/v1/service-${count - 1}/x`,
      allowed: true,
    }),
    asked({ principal: id(`ns-${(count - 1) % 97}`, `client-${count - 1}`), path: `/api/v1/other/x` }),
  ],
};

/** One client everywhere; only a header tells the rules apart. */
const oneHeader: RuleSet = {
  name: 'adversarial: one principal, a header differs',
  model: (count) =>
    many(count, (i) =>
      all(
        text({ of: 'peerName' }, exact(id('ns-7', 'client-7'))),
        text({ of: 'header', name: 'x-tenant' }, exact(`t-${i}`)),
      ),
    ),
  requests: (count) => [
    asked({ headers: { 'x-tenant': `t-${count - 1}` }, allowed: true }),
    asked({ headers: { 'x-tenant': 'other' } }),
  ],
};

const suffixes: RuleSet = {
  name: 'adversarial: one principal, a path suffix differs',
  model: (count) =>
    many(count, (i) =>
      all(
        text({ of: 'peerName' }, exact(id('ns-7', 'client-7'))),
        text({ of: 'path' }, { is: 'suffix', value: `/item-${i}.json` }),
      ),
    ),
  requests: (count) => [
    asked({ path: `/a/b/item-${count - 1}.json`, allowed: true }),
    asked({ path: '/a/b/item-x.json' }),
  ],
};

const templates: RuleSet = {
  name: 'adversarial: path templates',
  model: (count) => many(count, (i) => text({ of: 'path' }, { is: 'template', text: `/api/{*}/res-${i}/{**}` })),
  requests: (count) => [
    asked({ path: `/api/v1/res-${count - 1}/a/b`, allowed: true }),
    asked({ path: '/api/v1/res-x/a/b' }),
  ],
};

/** Every prefix is the beginning of the next ones: a request meets a whole chain of them. */
const chains: RuleSet = {
  name: 'adversarial: nested path prefixes and a method that never matches',
  model: (count) =>
    many(count, (i) =>
      all(
        text({ of: 'path' }, { is: 'prefix', value: `/${'a'.repeat(i % 64)}` }),
        text({ of: 'method' }, exact(`M${i}`)),
      ),
    ),
  requests: (count) => [
    asked({ path: `/${'a'.repeat(64)}`, method: `M${count - 1}`, allowed: true }),
    asked({ path: `/${'a'.repeat(64)}` }),
  ],
};

/** Two dimensions of which neither tells much alone. */
const grid: RuleSet = {
  name: 'adversarial: 100 principals × headers',
  model: (count) =>
    many(count, (i) =>
      all(
        text({ of: 'peerName' }, exact(id('ns-7', `client-${i % 100}`))),
        text({ of: 'header', name: 'x-tenant' }, exact(`t-${Math.floor(i / 100)}`)),
      ),
    ),
  requests: (count) => [
    asked({
      principal: id('ns-7', `client-${(count - 1) % 100}`),
      headers: { 'x-tenant': `t-${Math.floor((count - 1) / 100)}` },
      allowed: true,
    }),
    asked({ headers: { 'x-tenant': 'other' } }),
  ],
};

/** Nothing to file by: what a rule names is what it excludes. */
const negated: RuleSet = {
  name: 'adversarial: negations only, all of one value',
  model: (count) =>
    many(count, (i) =>
      all(
        { op: 'not', of: text({ of: 'path' }, exact('/api/v1/items/7'), exact(`/no-${i}`)) },
        { op: 'not', of: text({ of: 'method' }, exact(`M${i}`)) },
      ),
    ),
  requests: () => [asked({ path: '/other', allowed: true }), asked({})],
};

/** Substrings of a namespace, for which there is no key. */
const substrings: RuleSet = {
  name: 'adversarial: namespaces with stars at both ends',
  model: (count) =>
    many(count, (i) => text({ of: 'peerName' }, { is: 'glob', parts: ['', '/ns/', `x${i}y`, '/', ''] })),
  requests: (count) => [asked({ principal: id(`a-x${count - 1}y-b`, 'c'), allowed: true }), asked({})],
};

const calico: RuleSet = {
  name: "Calico's 294 policies × 68 rules, 3,708 network sets",
  onlySize: calicoRules,
  model: calicoModel,
  requests: () => [asked({ path: '/none' })],
};

export const ruleSets: readonly RuleSet[] = [
  ...[benign, oneHeader, suffixes, templates, chains, grid, negated, substrings],
  calico,
];
