/**
 * Random policy models and requests over a small alphabet, so that rules are met often.
 * @module
 */
import fc from 'fast-check';
import type { TokenVerdict } from '../../../src/policy/facts.ts';
import type { LabelExpr } from '../../../src/policy/meaning/labels.ts';
import type {
  Atom,
  Expr,
  Policy,
  PolicyModel,
  Rule,
  RuleStage,
  Subject,
  TextFact,
  TextPattern,
  TokenPolicy,
  TokenRule,
  TokenStage,
  TransportPolicy,
  TransportStage,
} from '../../../src/policy/model.ts';
import type { Endpoint, LabelPairs, Registry } from '../../../src/policy/registry/registry.ts';
import { type PlainFacts, plainFacts } from '../../support/plain-facts.ts';

const position = { file: 'random.yaml', line: 1, column: 1 };

const names = [
  'spiffe://cluster.local/ns/foo/sa/a',
  'spiffe://cluster.local/ns/foo/sa/b',
  'spiffe://cluster.local/ns/bar/sa/a',
  'spiffe://other.td/ns/foo/x/1/sa/a/t',
  'a.foo.svc',
  'CN=x',
];
const paths = ['/', '/a', '/a/', '/a/b', '/a/b/c', '/a//b', '/x/y/z', '/a/[b]', '/aa'];
const hosts = ['a.com', 'A.com', 'b.a.com', 'a.com:80', ''];
const methods = ['GET', 'POST', 'get'];
const words = ['', 'x', 'xy', 'y', 'x\ny', 'xyx'];
const addresses = ['10.0.0.1', '10.0.1.1', '10.1.0.1', 'fd00::1', 'fd00:1::1'];
const cidrs = ['10.0.0.0/8', '10.0.0.0/24', '10.0.0.1/32', '0.0.0.0/0', 'fd00::/16', '::/0'];

const literals: Record<string, readonly string[]> = { peerName: names, path: paths, host: hosts, method: methods };

const fact: fc.Arbitrary<TextFact> = fc.oneof(
  fc.constantFrom<TextFact>({ of: 'peerName' }, { of: 'path' }, { of: 'host' }, { of: 'method' }, { of: 'sni' }),
  fc.constantFrom<TextFact>({ of: 'header', name: 'h1' }, { of: 'header', name: 'h2' }, { of: 'claim', path: ['c'] }),
);

function patternFor(each: TextFact): fc.Arbitrary<TextPattern> {
  const value = fc.constantFrom(...(literals[each.of] ?? words));
  const cut = fc.tuple(value, fc.nat(40)).map(([text, at]) => [text.slice(0, at), text.slice(at)] as const);
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ is: fc.constant('exact' as const), value, ignoreCase: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        is: fc.constant('prefix' as const),
        value: cut.map(([a]) => a),
        ignoreCase: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        is: fc.constant('suffix' as const),
        value: cut.map(([, b]) => b),
        ignoreCase: fc.boolean(),
      }),
    },
    fc.constantFrom<TextPattern>({ is: 'present' }, { is: 'nonEmpty' }),
    fc.constantFrom<TextPattern>(
      { is: 'template', text: '/a/{*}' },
      { is: 'template', text: '/{**}' },
      { is: 'template', text: '/a/{**}/c' },
      { is: 'template', text: '/{*}/y/{*}' },
    ),
    fc.constantFrom<TextPattern>(
      { is: 'glob', parts: ['', '/ns/foo/', ''] },
      { is: 'glob', parts: ['', '/ns/f', 'o/', ''] },
      { is: 'glob', parts: ['spiffe://', 'sa/a'] },
      { is: 'glob', parts: ['spiffe://c', 'local/', ''], within: 'segment' },
      { is: 'serviceAccount', namespace: 'foo', serviceAccount: 'a' },
      { is: 'under', value: '/a' },
    ),
  );
}

const selectors: readonly LabelExpr[] = [
  { op: 'all', of: [] },
  { op: 'in', key: 'app', values: ['details'] },
  { op: 'not', of: { op: 'has', key: 'app' } },
];

const textAtom: fc.Arbitrary<Atom> = fact.chain((each) =>
  fc.array(patternFor(each), { minLength: 1, maxLength: 3 }).map((any) => ({ op: 'text' as const, fact: each, any })),
);
const atom: fc.Arbitrary<Atom> = fc.oneof(
  { weight: 6, arbitrary: textAtom },
  fc.record({
    op: fc.constant('address' as const),
    fact: fc.constantFrom('source' as const, 'remote' as const, 'destination' as const),
    any: fc.array(
      fc.constantFrom(...cidrs).map((text) => ({ text })),
      { minLength: 1, maxLength: 2 },
    ),
  }),
  fc.record({ op: fc.constant('protocol' as const), any: fc.constantFrom([6], [17], [6, 132]) }),
  fc.record({
    op: fc.constant('endpoint' as const),
    end: fc.constantFrom('source' as const, 'destination' as const),
    selector: fc.constantFrom<LabelExpr>(...selectors),
    byHops: fc.boolean(),
  }),
  fc.constantFrom<Atom>(
    { op: 'namedPort', end: 'destination', name: 'web' },
    { op: 'identity', end: 'source', ownNamespace: 'foo' },
    { op: 'identity', end: 'source', names: ['a'] },
    { op: 'identity', end: 'destination', serviceAccount: selectors[1]! },
  ),
  fc.record({
    op: fc.constant('port' as const),
    fact: fc.constant('destinationPort' as const),
    any: fc.constantFrom([{ from: 80, to: 80 }], [{ from: 8080, to: 8080 }], [{ from: 0, to: 65_535 }]),
  }),
);

const expr: fc.Arbitrary<Expr> = fc.letrec<{ expr: Expr }>((tie) => ({
  expr: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: atom },
    fc.record({ op: fc.constantFrom('all' as const, 'any' as const), of: fc.array(tie('expr'), { maxLength: 3 }) }),
    fc.record({ op: fc.constant('not' as const), of: tie('expr') }),
  ),
})).expr;

const subject: fc.Arbitrary<Subject> = fc.record({
  namespace: fc.constantFrom(undefined, 'default', 'default', 'elsewhere'),
  labels: fc.constantFrom<Subject['labels']>([], [], [['app', 'details']], [['app', 'other']]),
});

export function arbitraryPolicy(stage: RuleStage['kind'], number: number): fc.Arbitrary<Policy> {
  const effects =
    stage === 'first-match'
      ? (['allow', 'deny', 'pass', 'log'] as const)
      : ([stage === 'any-allow' ? 'allow' : 'deny'] as const);
  const rule = fc.record({ effect: fc.constantFrom(...effects), http: expr, tcp: fc.option(expr, { nil: undefined }) });
  return fc
    .record({
      subject,
      rules: fc.array(rule, { maxLength: 14 }),
      mode: fc.constantFrom('enforce' as const, 'enforce' as const, 'enforce' as const, 'dry-run' as const),
    })
    .map(({ rules, ...rest }) => ({
      ...rest,
      ref: {
        dialect: 'istio' as const,
        kind: 'AuthorizationPolicy',
        namespace: rest.subject.namespace ?? 'root',
        name: `p${number}`,
      },
      position,
      owner: '',
      rules: rules.map((each, index): Rule => ({ ...each, index, position })),
    }));
}

function stage(kind: RuleStage['kind']): fc.Arbitrary<RuleStage> {
  const onNoMatch = fc.constantFrom('deny' as const, 'pass' as const, 'allow' as const);
  return fc
    .record({
      policies: fc.tuple(...Array.from({ length: 5 }, (_, i) => arbitraryPolicy(kind, i))),
      onNoMatch,
      kept: fc.nat(5),
    })
    .map(({ policies, onNoMatch: otherwise, kept }) => ({
      kind,
      name: kind,
      policies: policies.slice(0, kept),
      onNoMatch: otherwise,
    }));
}

const root = (name: string, kind: string, { namespace = 'root' }: Subject) =>
  ({ dialect: 'istio', kind, namespace, name }) as const;

const mtls = fc.constantFrom('unset' as const, 'disable' as const, 'permissive' as const, 'strict' as const);
const scopes = [
  { scope: 'mesh', subject: { namespace: undefined, labels: [] } },
  { scope: 'namespace', subject: { namespace: 'default', labels: [] } },
  { scope: 'workload', subject: { namespace: 'default', labels: [['app', 'details']] } },
] as const;
const transport: fc.Arbitrary<TransportStage> = fc
  .array(
    fc.record({
      scope: fc.constantFrom(...scopes),
      mode: mtls,
      createdAtMs: fc.constantFrom(undefined, 1, 2),
      ports: fc.uniqueArray(fc.tuple(fc.constantFrom(80, 8080), mtls), { selector: ([port]) => port }),
    }),
    { maxLength: 3 },
  )
  .map((policies) => ({
    kind: 'transport',
    policies: policies.map(({ scope: { scope, subject: of }, ...rest }, i): TransportPolicy => {
      const ref = root(`m${i}`, 'PeerAuthentication', of);
      return { ...rest, scope, subject: of, ref, position, owner: '', ports: scope === 'workload' ? rest.ports : [] };
    }),
  }));

const tokenRule = (issuer: string): TokenRule => ({
  position,
  issuer,
  audiences: [],
  keys: { from: 'inline', id: issuer, jwks: '{"keys":[]}' },
  fromHeaders: [],
  fromParams: [],
  fromCookies: [],
  forwardOriginalToken: false,
  outputPayloadToHeader: '',
  outputClaimToHeaders: [],
  spaceDelimitedClaims: [],
  fetchTimeoutMs: 5000,
});
const tokens: fc.Arbitrary<TokenStage> = fc
  .array(fc.record({ subject, issuers: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }) }), { maxLength: 2 })
  .map((policies) => ({
    kind: 'token',
    policies: policies.map(({ subject: of, issuers }, i): TokenPolicy => {
      const ref = root(`t${i}`, 'RequestAuthentication', of);
      return { ref, position, owner: '', subject: of, rules: issuers.map(tokenRule) };
    }),
  }));

const absence = fc.constantFrom('upstream' as const, 'strict' as const);

/** Models as Istio makes them, or of two tiers. */
const arbitraryModelOfOne: fc.Arbitrary<PolicyModel> = fc
  .record({
    absence,
    stages: fc.oneof(
      fc.tuple(stage('delegate'), stage('audit'), stage('any-deny'), stage('any-allow')),
      fc.tuple(stage('first-match'), stage('first-match')),
    ),
  })
  .map(({ stages, ...rest }) => ({ ...rest, generation: 1, planes: [{ id: 'istio', mode: 'enforce', stages }] }));

/** Pods at some of the addresses, with the names that requests use. */
const endpoint: fc.Arbitrary<Endpoint> = fc.record({
  namespace: fc.constantFrom('default', 'foo', 'bar'),
  name: fc.constantFrom('p', 'q'),
  serviceAccount: fc.constantFrom('a', 'b', 'details'),
  labels: fc.constantFrom<Endpoint['labels']>([], [['app', 'details']], [['app', 'other']]),
  addresses: fc.uniqueArray(fc.constantFrom(...addresses), { maxLength: 2 }),
  ports: fc.constantFrom<Endpoint['ports']>([], [{ name: 'web', port: 8080, protocol: 'TCP' }]),
  hostNetwork: fc.constantFrom(false, false, false, true),
});
const arbitraryRegistry: fc.Arbitrary<Registry> = fc
  .record({
    endpoints: fc.uniqueArray(endpoint, { maxLength: 4, selector: ({ namespace, name }) => `${namespace}/${name}` }),
    sets: fc.array(fc.uniqueArray(fc.constantFrom(...cidrs), { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
    serviceAccountLabels: fc.constantFrom<LabelPairs>([], [['app', 'details']]),
  })
  .map(({ endpoints, sets, serviceAccountLabels: labels }) => ({
    endpoints,
    namespaces: [
      { name: 'default', labels: [] },
      { name: 'foo', labels: [['app', 'details']] },
    ],
    serviceAccounts: [{ namespace: 'foo', name: 'a', labels }],
    networkSets: sets.map((nets, i) => ({ namespace: '', name: `set${i}`, labels: [['app', 'other']], nets })),
  }));

const mode = fc.constantFrom('enforce' as const, 'enforce' as const, 'observe' as const, 'off' as const);
const tier = stage('first-match');
const directed = fc
  .tuple(tier, fc.constantFrom('ingress' as const, 'egress' as const))
  .map(([each, direction]): RuleStage => ({ ...each, direction }));

/** All planes at once over a registry. */
export const arbitraryModelOfAll: fc.Arbitrary<PolicyModel> = fc
  .record({
    absence,
    registry: arbitraryRegistry,
    hops: fc.constantFrom<readonly string[]>([], ['10.1.0.0/16']),
    planes: fc.tuple(
      fc.record({
        id: fc.constant('istio' as const),
        mode: fc.constant('enforce' as const),
        stages: fc.tuple(transport, tokens, stage('any-deny'), stage('any-allow')),
      }),
      fc.record({ id: fc.constant('calico' as const), mode, stages: fc.tuple(tier, tier) }),
      fc.record({ id: fc.constant('l4' as const), mode, stages: fc.tuple(directed, directed, directed) }),
      fc.record({ id: fc.constant('site' as const), mode, stages: fc.tuple(tier, tier) }),
    ),
  })
  .map((rest) => ({ ...rest, generation: 1 }));

export const arbitraryModel: fc.Arbitrary<PolicyModel> = fc.oneof(arbitraryModelOfOne, arbitraryModelOfAll);

const lines = fc.array(fc.constantFrom(...words), { maxLength: 2 });

/** Requests over the same alphabet. */
export const arbitraryFacts = fc
  .record({
    protocol: fc.constantFrom('http' as const, 'http' as const, 'tcp' as const),
    peerNames: fc.uniqueArray(fc.constantFrom(...names, ''), { maxLength: 3 }),
    method: fc.constantFrom(...methods),
    path: fc.option(fc.constantFrom(...paths), { nil: undefined }),
    host: fc.option(fc.constantFrom(...hosts), { nil: undefined }),
    sni: fc.option(fc.constantFrom(...words), { nil: undefined }),
    destinationPort: fc.constantFrom(80, 8080, -1),
    ipProtocol: fc.constantFrom(6, 6, 17),
    sourcePrincipal: fc.constantFrom('', ...names),
    source: fc.option(fc.constantFrom(...addresses), { nil: undefined }),
    remote: fc.option(fc.constantFrom(...addresses), { nil: undefined }),
    address: fc.option(fc.constantFrom(...addresses), { nil: undefined }),
    headers: fc.record({ h1: lines, h2: lines }),
    claims: fc.record({ c: lines }),
    labelled: fc.boolean(),
    verdict: fc.constantFrom<TokenVerdict>(
      { accepted: true },
      { accepted: true },
      { accepted: false, reason: 'token_invalid', text: 'Jwt is expired' },
      { accepted: false, reason: 'audience_denied', text: 'Audiences in Jwt are not allowed' },
    ),
  })
  .map(({ labelled, verdict, ...rest }) => {
    const facts = plainFacts({ ...rest, verifyTokens: () => verdict } as PlainFacts); // undefined members mean the same as absent ones here
    return labelled ? facts : { ...facts, destination: { ...facts.destination, labels: undefined } };
  });
