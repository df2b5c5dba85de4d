/**
 * Draws what a batch of verdicts is given by: settings, workloads of every kind, and random policies for them.
 * @module
 */
import fc from 'fast-check';

/** What the decision is set to. */
export interface DrawnSettings {
  /** Empty, or `old.td`. */
  readonly aliases: readonly string[];
  readonly peerTrustDomains: 'any' | 'own';
  readonly ambiguousRequests: 'asUpstream' | 'deny';
  readonly absence: 'upstream' | 'strict';
  /** An ID of a caller that is revoked; undefined: none is. */
  readonly revoked: string | undefined;
  /** How the Envoys clean paths. */
  readonly paths: 'strict' | 'istio';
}

/** A workload: its name is its namespace, its service account `details`. */
export interface Place {
  readonly name: string;
  readonly kind: 'sidecar' | 'gateway' | 'tcp';
  /** Of a gateway: so many proxies in front are believed. */
  readonly hops: number;
  readonly hasTokens: boolean;
  /** JSON texts of its policies. */
  readonly documents: readonly string[];
}

const settings: fc.Arbitrary<DrawnSettings> = fc.record({
  aliases: fc.constantFrom([], ['old.td'], ['old.td']),
  peerTrustDomains: fc.constantFrom('any', 'any', 'own'),
  ambiguousRequests: fc.constantFrom('asUpstream', 'asUpstream', 'deny'),
  absence: fc.constantFrom('upstream', 'upstream', 'strict'),
  revoked: fc.constantFrom(undefined, 'spiffe://cluster.local/ns/a/sa/s1', 'spiffe://cluster.local/ns/b/sa/z'),
  paths: fc.constantFrom('strict', 'istio'),
});

/** Kinds of the workloads of a batch; which of them verify tokens; and which have rules that no tree can say. */
const kinds: readonly (readonly [Place['kind'], hasTokens: boolean, isSayable: boolean])[] = [
  ['sidecar', false, true],
  ['sidecar', false, false],
  ['sidecar', true, true],
  ['sidecar', false, true],
  ['gateway', false, true],
  ['gateway', true, true],
  ['tcp', false, true],
  ['tcp', false, false],
];

/** Names of all places, whatever the seed. */
export const placeNames: readonly string[] = kinds.map((_, i) => `w${i}`);

/** The same for the same seed. */
export function drawPolicies(seed: number, jwks: Readonly<Record<string, string>>) {
  const places = kinds.map(([kind, hasTokens, isSayable], i): Place => {
    const name = placeNames[i]!;
    const own = { seed: seed * 16 + i };
    // Of a connection there is less to ask, so its rules are wider.
    const counts = kind === 'tcp' ? [2, 4, 8] : [3, 8, 25, 90];
    const [count] = fc.sample(fc.constantFrom(...counts), { numRuns: 1, ...own });
    const policies = fc.sample(policyOf(kind, hasTokens, isSayable), { numRuns: count!, ...own });
    const [more] = fc.sample(fc.record({ isStrict: fc.nat(3).map((n) => n === 0), isKept: fc.boolean() }), own);
    const documents = policies.map((policy, n) => policyDocument(`p-${n}`, name, policy));
    if (hasTokens) documents.push(tokenRules(name, jwks, more!.isKept));
    if (kind === 'sidecar' && more!.isStrict) documents.push(strictPeers(name));
    return { name, kind, hasTokens, hops: (seed + i) % 3, documents };
  });
  const [named] = fc.sample(fc.nat(30), { seed, numRuns: 1 });
  const rules = [{ from: [{ source: { principals: [account(named!)] } }] }];
  const everywhere = policyDocument('root', 'istio-system', { action: 'DENY', isDryRun: false, rules });
  return { settings: fc.sample(settings, { seed, numRuns: 1 })[0]!, places, everywhere };
}

const some = (few: readonly string[], many: (i: number) => string = () => few[0]!, maxLength = 2) =>
  fc.array(fc.oneof(fc.constantFrom(...few), fc.nat(30).map(many)), { minLength: 1, maxLength });

/** Nothing, `none` times as often. */
const seldom = <T>(value: fc.Arbitrary<T>, none: number) =>
  fc.oneof({ weight: 1, arbitrary: value }, { weight: none, arbitrary: fc.constant(undefined) });

/** Of our own trust domain, and of its other name. */
const account = (i: number): string => `${i % 4 === 3 ? 'old.td' : 'cluster.local'}/ns/a/sa/s${i}`;

function sourceOf(kind: Place['kind'], hasTokens: boolean, isSayable: boolean) {
  const wide = ['cluster.local/ns/b/*', '*', 'old.td/ns/b/*', 'cluster.local/ns/*'];
  const by = fc.oneof(
    { weight: 4, arbitrary: fc.record({ principals: some(isSayable ? wide : [...wide, '*/sa/z'], account) }) },
    { weight: 2, arbitrary: fc.record({ namespaces: some(['a', 'b'], (i) => `n${i % 5}`) }) },
    { weight: 1, arbitrary: fc.record({ serviceAccounts: some(['b/z'], (i) => `a/s${i}`) }) },
    { weight: 1, arbitrary: fc.record({ notPrincipals: some(['old.td/*', 'cluster.local/ns/b/*'], account) }) },
    { weight: 1, arbitrary: fc.record({ notNamespaces: some(['b', 'a']) }) },
    { weight: kind === 'gateway' ? 9 : 1, arbitrary: fc.constant({}) },
  );
  const address = some(['127.0.0.1', '10.0.0.0/8', '127.0.0.0/8', '192.0.2.0/24', '::1']);
  const token = some(['https://a/u0', 'https://a/*', '*', 'https://b/u1'], (i) => `https://a/u${i % 6}`);
  const more = fc.record({
    ipBlocks: seldom(address, 9),
    notIpBlocks: seldom(address, 14),
    remoteIpBlocks: seldom(address, kind === 'gateway' ? 1 : 14),
    requestPrincipals: seldom(token, hasTokens ? 1 : 40),
    notRequestPrincipals: seldom(token, hasTokens ? 6 : 40),
  });
  return fc.tuple(by, more).map(([one, rest]) => filled({ ...one, ...rest }));
}

const operation = fc
  .record({
    methods: seldom(
      some(['GET', 'POST', 'P*'], () => 'PUT'),
      1,
    ),
    notMethods: seldom(some(['POST', 'PUT']), 9),
    paths: seldom(
      some(['/a', '/a/*', '*/z', '*', '/a/{*}/c', '/{**}'], (i) => `/p${i}${i % 2 === 0 ? '' : '/*'}`),
      1,
    ),
    notPaths: seldom(
      some(['/a/b/c'], (i) => `/p${i}/x`),
      4,
    ),
    hosts: seldom(
      some(['a.com', '*.com', 'h1*'], (i) => `h${i}.com`),
      2,
    ),
    notHosts: seldom(
      some(['a.com'], (i) => `h${i}.com`),
      9,
    ),
    notPorts: seldom(fc.constant(['1']), 20),
  })
  .map(filled);

const tcpOperation = fc
  .record({
    ports: seldom(fc.constant(['1']), 12),
    notPorts: seldom(fc.constant(['1']), 4),
    methods: seldom(some(['GET']), 20),
  })
  .map(filled);

function conditionsOf(kind: Place['kind'], hasTokens: boolean, isSayable: boolean) {
  const of = (key: string, values: fc.Arbitrary<readonly string[]>) =>
    fc.record({ key: fc.constant(key), values, isNot: fc.nat(3).map((n) => n === 0) });
  const all = [
    of('source.ip', some(['127.0.0.1', '10.0.0.0/8'])),
    of('destination.ip', some(['127.0.0.1', '10.0.0.0/8'])),
    of('connection.sni', some(['a.com', '*.com', 'b.*'])),
    ...(isSayable ? [] : [of('experimental.envoy.filters.a[b]', some(['c']))]),
    ...(kind === 'tcp'
      ? []
      : [
          of(
            'request.headers[x-tag]',
            some(['1', '3*', '*', '*x'], (i) => `t${i}`),
          ),
        ]),
    ...(hasTokens
      ? [of('request.auth.claims[group]', some(['admins', 'g*'])), of('request.auth.audiences', some(['api']))]
      : []),
  ];
  const one = fc.oneof(...all).map(({ key, values, isNot }) => ({ key, [isNot ? 'notValues' : 'values']: values }));
  return fc.array(one, { maxLength: 1 });
}

function ruleOf(kind: Place['kind'], hasTokens: boolean, isSayable: boolean) {
  const source = sourceOf(kind, hasTokens, isSayable);
  const to = kind === 'tcp' ? tcpOperation : operation;
  const sources = fc.array(source, { minLength: 1, maxLength: 2 });
  const parts = { sources, to, when: conditionsOf(kind, hasTokens, isSayable) };
  return fc.record(parts).map(({ sources: from, to: asked, when }) => ({
    ...(from.some((each) => Object.keys(each).length === 0) ? {} : { from: from.map((each) => ({ source: each })) }),
    ...(Object.keys(asked).length === 0 ? {} : { to: [{ operation: asked }] }),
    ...(when.length === 0 ? {} : { when }),
  }));
}

interface DrawnPolicy {
  readonly action: string;
  readonly isDryRun: boolean;
  readonly rules: readonly object[];
}

function policyOf(kind: Place['kind'], hasTokens: boolean, isSayable: boolean): fc.Arbitrary<DrawnPolicy> {
  return fc.record({
    action: fc.oneof(
      { weight: kind === 'tcp' ? 14 : 7, arbitrary: fc.constant('ALLOW') },
      { weight: 1, arbitrary: fc.constantFrom('DENY', 'AUDIT') },
    ),
    // A connection asks where one applies.
    isDryRun: kind === 'tcp' ? fc.constant(false) : fc.nat(19).map((n) => n === 0),
    rules: fc.array(ruleOf(kind, hasTokens, isSayable), { minLength: 1, maxLength: 2 }),
  });
}

/** Without what is not there. */
function filled(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

const document = (kind: string, metadata: object, spec: object): string =>
  JSON.stringify({ apiVersion: 'security.istio.io/v1', kind, metadata, spec });

function policyDocument(name: string, namespace: string, { action, isDryRun, rules }: DrawnPolicy): string {
  const annotations = isDryRun && action !== 'AUDIT' ? { annotations: { 'istio.io/dry-run': 'true' } } : {};
  return document('AuthorizationPolicy', { name, namespace, ...annotations }, { action, rules });
}

const strictPeers = (namespace: string): string =>
  document('PeerAuthentication', { name: 'peers', namespace }, { mtls: { mode: 'STRICT' } });

function tokenRules(namespace: string, jwks: Readonly<Record<string, string>>, isKept: boolean): string {
  const rules = Object.entries(jwks).map(([issuer, keys]) => ({
    ...{ issuer: `https://${issuer}`, jwks: keys, forwardOriginalToken: isKept },
    ...(issuer === 'b' ? { fromHeaders: [{ name: 'x-jwt' }] } : {}),
  }));
  return document('RequestAuthentication', { name: 'tokens', namespace }, { jwtRules: rules });
}
