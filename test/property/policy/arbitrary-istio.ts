/**
 * Random policies in the form in which Istio's documents are read, and requests that often come near them.
 * @module
 */
import fc from 'fast-check';
import { forwardedClient } from '../../../src/authz/facts/client-address.ts';
import type { Facts } from '../../../src/policy/facts.ts';
import type { Atom, Expr, Policy, PolicyModel, Rule, RuleStage, TextPattern } from '../../../src/policy/model.ts';
import { plainFacts } from '../../support/plain-facts.ts';

const position = { file: 'random.yaml', line: 1, column: 1 };
const td = 'spiffe://cluster.local';
const callers = [
  `${td}/ns/foo/sa/a`,
  `${td}/ns/foo/sa/b`,
  `${td}/ns/bar/sa/a`,
  `${td}/ns/ns/sa/a`,
  `${td}/ns/foo/sa/ns`,
  `${td}/job/x`,
  `${td}/a/ns/foo/b`,
  'spiffe://old.td/ns/foo/sa/a',
  'spiffe://other.td/ns/foo/sa/a',
];
const paths = ['/', '/a', '/a/', '/a/b', '/a/b/c', '/x/y/z', '/aa', '/a/b/'];
const values = ['', 'x', 'xy', 'y', 'xyx'];

const literal = (texts: readonly string[], ignoreCase = false): fc.Arbitrary<TextPattern> =>
  fc
    .tuple(
      fc.constantFrom('exact' as const, 'exact' as const, 'prefix' as const, 'suffix' as const),
      fc.constantFrom(...texts),
      fc.nat(9),
    )
    .map(([is, text, cut]) => ({
      is,
      value: is === 'exact' ? text : is === 'prefix' ? text.slice(0, text.length - cut) : text.slice(cut),
      ...(ignoreCase ? { ignoreCase } : {}),
    }));

const callerPattern: fc.Arbitrary<TextPattern> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...callers).map((value) => ({ is: 'exact', value }) as const) },
  fc.constantFrom<TextPattern>(
    { is: 'prefix', value: `${td}/ns/foo` },
    { is: 'prefix', value: 'spiffe://old' },
    { is: 'prefix', value: 'spiffe://' },
    { is: 'nonEmpty' },
    { is: 'glob', parts: ['spiffe://', '/sa/a'] },
    { is: 'glob', parts: ['spiffe://', '://cluster.local/job/x'] },
    { is: 'glob', parts: ['', '/ns/foo/', ''] },
    { is: 'glob', parts: ['', '/ns/sa/', ''] },
    { is: 'glob', parts: ['', '/ns/f', 'o/', ''] },
    { is: 'glob', parts: ['spiffe://c', 'l/', ''], within: 'segment' },
    { is: 'serviceAccount', namespace: 'foo', serviceAccount: 'a' },
    { is: 'serviceAccount', namespace: 'ns', serviceAccount: 'a' },
  ),
);

const several = <T>(one: fc.Arbitrary<T>, most = 5): fc.Arbitrary<T[]> =>
  fc.array(one, { minLength: 1, maxLength: most });

const text = (fact: Extract<Atom, { op: 'text' }>['fact'], pattern: fc.Arbitrary<TextPattern>): fc.Arbitrary<Expr> =>
  several(pattern).map((any) => ({ op: 'text', fact, any }));

const maybeNot = (one: fc.Arbitrary<Expr>): fc.Arbitrary<Expr> =>
  fc.tuple(one, fc.nat(3)).map(([of, die]) => (die === 0 ? { op: 'not', of } : of));

const port: fc.Arbitrary<Expr> = fc
  .constantFrom([{ from: 80, to: 80 }], [{ from: 8080, to: 8080 }], [{ from: 79, to: 81 }])
  .map((any) => ({ op: 'port', fact: 'destinationPort', any }));
const address = (fact: 'source' | 'destination' | 'remote'): fc.Arbitrary<Expr> =>
  several(
    fc.constantFrom('10.0.0.0/8', '10.0.0.1/32', 'fd00::/16').map((cidr) => ({ text: cidr })),
    2,
  ).map((any) => ({ op: 'address', fact, any }));

const connection = fc.oneof(
  { weight: 4, arbitrary: text({ of: 'peerName' }, callerPattern) },
  { weight: 1, arbitrary: port },
  { weight: 1, arbitrary: address('source') },
  { weight: 1, arbitrary: address('destination') },
);
const operation = fc.oneof(
  {
    weight: 3,
    arbitrary: text(
      { of: 'path' },
      fc.oneof(
        { weight: 4, arbitrary: literal(paths) },
        fc.constantFrom<TextPattern>(
          { is: 'nonEmpty' },
          { is: 'template', text: '/a/{*}' },
          { is: 'template', text: '/a/{**}/c' },
          { is: 'under', value: '/a' },
        ),
      ),
    ),
  },
  {
    weight: 3,
    arbitrary: text(
      { of: 'method' },
      fc.oneof(literal(['GET', 'POST', 'PUT']), fc.constant<TextPattern>({ is: 'present' })),
    ),
  },
  { weight: 1, arbitrary: text({ of: 'host' }, literal(['a.com', 'B.a.com', 'a.com:80'], true)) },
  {
    weight: 1,
    arbitrary: text(
      { of: 'header', name: 'h1' },
      fc.oneof(literal(values), fc.constant<TextPattern>({ is: 'present' })),
    ),
  },
);
const unsayable = fc.oneof(
  address('remote'),
  text({ of: 'sni' }, literal(values)),
  text({ of: 'claim', path: ['c'] }, literal(values)),
);

const group = (one: fc.Arbitrary<Expr>): fc.Arbitrary<Expr> =>
  fc
    .array(
      fc.array(maybeNot(one), { maxLength: 3 }).map((of): Expr => ({ op: 'all', of })),
      { minLength: 1, maxLength: 3 },
    )
    .map((of) => ({ op: 'any', of }));

const rule = fc
  .record({
    from: fc.option(group(connection), { nil: undefined }),
    to: fc.option(group(operation), { nil: undefined }),
    when: fc.array(
      maybeNot(
        fc.oneof({ weight: 6, arbitrary: fc.oneof(connection, operation) }, { weight: 3, arbitrary: unsayable }),
      ),
      { maxLength: 1 },
    ),
  })
  .map(({ from, to, when }) => ({
    http: { op: 'all', of: [from, to, ...when].filter((part) => part !== undefined) } as Expr,
    tcp:
      to === undefined && when.length === 0 ? ({ op: 'all', of: from === undefined ? [] : [from] } as Expr) : undefined,
  }));

function stage(kind: RuleStage['kind'], most: number): fc.Arbitrary<RuleStage> {
  const policy = fc.record({
    namespace: fc.constantFrom(undefined, 'default', 'default', 'elsewhere'),
    mode: fc.constantFrom('enforce' as const, 'enforce' as const, 'enforce' as const, 'dry-run' as const),
    rules: fc.array(rule, { maxLength: 6 }),
    providerAskedBy: fc.constantFrom('nobody' as const, 'envoy' as const),
  });
  return fc.array(policy, { maxLength: most }).map((policies) => ({
    kind,
    name: kind,
    policies: policies.map(
      ({ namespace, mode, rules, providerAskedBy }, i): Policy => ({
        ref: { dialect: 'istio', kind: 'AuthorizationPolicy', namespace: namespace ?? 'root', name: `p${i}` },
        ...{ position, owner: '', mode, subject: { namespace, labels: [] } },
        rules: rules.map(
          (each, index): Rule => ({ ...each, index, position, effect: kind === 'any-allow' ? 'allow' : 'deny' }),
        ),
        ...(kind === 'delegate' ? { providerAskedBy } : {}),
      }),
    ),
  }));
}

/** Models of the plane `istio` without tokens. */
export const arbitraryIstioModel: fc.Arbitrary<PolicyModel> = fc
  .record({
    absence: fc.constantFrom('upstream' as const, 'upstream' as const, 'strict' as const),
    strict: fc.boolean(),
    stages: fc.tuple(
      fc.oneof({ weight: 4, arbitrary: stage('delegate', 0) }, stage('delegate', 1)),
      stage('audit', 1),
      stage('any-deny', 2),
      stage('any-allow', 4),
    ),
  })
  .map(({ absence, strict, stages }) => {
    const ref = { dialect: 'istio', kind: 'PeerAuthentication', namespace: 'root', name: 'm' } as const;
    const ports = [[8080, 'permissive']] as const;
    const mesh = {
      ref,
      position,
      owner: '',
      scope: 'workload',
      subject: { namespace: undefined, labels: [] },
      createdAtMs: 1,
      mode: 'strict',
      ports,
    } as const;
    return {
      absence,
      generation: 1,
      planes: [
        { id: 'istio', mode: 'enforce', stages: [{ kind: 'transport', policies: strict ? [mesh] : [] }, ...stages] },
      ],
    };
  });

const lines = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.constantFrom(...values), { maxLength: 1 }) },
  fc.array(fc.constantFrom(...values, 'x,y'), { maxLength: 2 }),
);

/** Requests and connections that such policies ask about; what cannot be is not among them. */
export const arbitraryIstioFacts: fc.Arbitrary<Facts> = fc
  .record({
    isHttp: fc.constantFrom(true, true, true, false),
    peerNames: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...callers).map((name) => [name]) },
      { weight: 2, arbitrary: fc.constant<string[]>([]) },
      { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(...callers), { minLength: 2, maxLength: 2 }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          ['a.foo.svc'],
          ['CN=x'],
          [callers[0]!, 'a.foo.svc', 'O=x'],
          [callers[0]!, 'O=/ns/foo/x'],
        ),
      },
    ),
    method: fc.constantFrom('GET', 'POST', 'PUT', 'get'),
    path: fc.constantFrom(...paths, ...paths, undefined),
    host: fc.constantFrom('a.com', 'A.com', 'b.a.com', 'a.com:80'),
    h1: lines,
    xff: fc.constantFrom(undefined, undefined, '10.0.0.1', '11.0.0.1', '11.0.0.1, 10.0.0.1', 'x'),
    destinationPort: fc.constantFrom(80, 8080),
    source: fc.constantFrom('10.0.0.1', '10.0.1.1', '11.0.0.1', 'fd00::1'),
    address: fc.constantFrom('10.0.0.1', '11.0.0.1', 'fd00::1'),
  })
  .map(({ isHttp, h1, xff, path, peerNames, method, host, ...rest }) => {
    const name = { peerNames, sourcePrincipal: peerNames[0] ?? '' };
    const http = {
      protocol: 'http',
      method,
      host,
      headers: { h1, ':method': [method], ...(xff !== undefined && { 'x-forwarded-for': [xff] }) },
      ...(path === undefined ? {} : { path }),
    } as const;
    return plainFacts({
      ...rest,
      ...name,
      remote: (isHttp && xff !== undefined && forwardedClient(xff, 0)?.text) || rest.source,
      ...(isHttp ? http : { protocol: 'tcp', method: '' }),
      ...(path === undefined || !isHttp ? { path: undefined } : {}),
    } as Parameters<typeof plainFacts>[0]);
  });
