/**
 * Draws what a batch of verdicts is given by: workloads of every kind, and random policies of Istio for them.
 * @module
 */
import fc from 'fast-check';
import { placePorts } from './addresses.ts';
import type { DrawnSettings } from './draw-settings.ts';
import type { Tokens } from './draw-tokens.ts';

/** A workload: its name is its namespace, its service account `details`. */
export interface Place {
  readonly name: string;
  readonly kind: 'sidecar' | 'gateway' | 'tcp';
  /** So many proxies in front are believed. */
  readonly hops: number;
  readonly hasTokens: boolean;
  readonly tokens: KindOfPlace['tokens'];
  /** What is said of it; undefined: nothing. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** JSON texts of its policies. */
  readonly documents: readonly string[];
}

/** What sets the workloads of a batch apart. */
interface KindOfPlace {
  readonly kind: Place['kind'];
  /** Verifies tokens; `secret`: by keys that no Envoy is given. */
  readonly tokens?: 'public' | 'secret';
  /** Has rules that no tree can say. */
  readonly isUnsayable?: true;
  /** Policies select by labels. */
  readonly selects?: true;
  /** A connection's AUDIT and dry run. */
  readonly rehearses?: true;
}

const kinds: readonly KindOfPlace[] = [
  { kind: 'sidecar' },
  { kind: 'sidecar', isUnsayable: true },
  { kind: 'sidecar', tokens: 'public' },
  { kind: 'sidecar' },
  { kind: 'gateway' },
  { kind: 'gateway', tokens: 'public' },
  { kind: 'tcp' },
  { kind: 'tcp', isUnsayable: true },
  { kind: 'sidecar', tokens: 'secret' },
  { kind: 'sidecar', selects: true },
  { kind: 'tcp', rehearses: true },
];

/** Names of all places, whatever the seed. */
export const placeNames: readonly string[] = kinds.map((_, i) => `w${i}`);

/** The same for the same seed and settings. */
export function drawPolicies(seed: number, jwks: Tokens['jwks'], settings: DrawnSettings) {
  const places = kinds.map((of, i): Place => {
    const { kind, tokens, isUnsayable, selects, rehearses } = of;
    const hasTokens = tokens !== undefined;
    const isSayable = isUnsayable !== true;
    const name = placeNames[i]!;
    const own = { seed: seed * 16 + i };
    // Of a connection there is less to ask, so its rules are wider.
    const counts = kind === 'tcp' ? [2, 4, 8] : [3, 8, 25, 90];
    const [count] = fc.sample(fc.noBias(fc.constantFrom(...counts)), { numRuns: 1, ...own });
    const policies = fc.sample(policyOf(kind, hasTokens, isSayable, rehearses ?? false), { numRuns: count!, ...own });
    const more = fc.sample(fc.noBias(moreOfPlace), { numRuns: 1, ...own })[0]!;
    const labels = selects && !more.isLabelled ? undefined : { app: 'details' };
    const selectors = selects ? [undefined, undefined, { app: 'details' }, { app: 'other' }] : [undefined];
    const documents = policies.map((policy, n) =>
      policyDocument(`p-${n}`, name, policy, selectors[n % selectors.length]),
    );
    if (!isSayable && kind === 'sidecar' && more.hasCustom) documents.push(customDocument(name));
    if (hasTokens) documents.push(tokenRules(name, tokensFor(jwks, tokens), more));
    if (kind === 'sidecar' && more.isStrict) documents.push(strictPeers(name, more.isOfPort));
    const hops = kind === 'gateway' ? (seed + i) % 3 : settings.trustedHops;
    return { name, kind, tokens, hasTokens, hops, labels, documents: settings.isEmpty ? [] : documents };
  });
  const [named] = fc.sample(fc.noBias(fc.nat(30)), { seed, numRuns: 1 });
  const rules = [{ from: [{ source: { principals: [account(named!)] } }] }];
  const everywhere = policyDocument('root', 'istio-system', { action: 'DENY', isDryRun: false, rules });
  return { settings, places, everywhere: settings.isEmpty ? [] : [everywhere] };
}

const moreOfPlace = fc.record({
  isStrict: fc.nat(3).map((n) => n === 0),
  isOfPort: fc.boolean(),
  isKept: fc.boolean(),
  hasOutput: fc.boolean(),
  isLabelled: fc.nat(2).map((n) => n > 0),
  hasCustom: fc.nat(2).map((n) => n === 0),
});

const tokensFor = ({ secret, ...others }: Tokens['jwks'], kind: KindOfPlace['tokens']): Tokens['jwks'] =>
  kind === 'secret' ? { ...others, secret: secret! } : others;

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
  const address = some([
    '127.0.0.1',
    '10.0.0.0/8',
    '127.0.0.0/8',
    '192.0.2.0/24',
    '::1',
    '127.8.0.0/29',
    '127.8.1.0/24',
  ]);
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

const port = some(placePorts.map(String));

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
    ports: seldom(port, 12),
    notPorts: seldom(port, 20),
  })
  .map(filled);

const tcpOperation = fc
  .record({
    ports: seldom(port, 6),
    notPorts: seldom(port, 4),
    methods: seldom(some(['GET']), 20),
  })
  .map(filled);

function conditionsOf(kind: Place['kind'], hasTokens: boolean, isSayable: boolean) {
  const of = (key: string, values: fc.Arbitrary<readonly string[]>) =>
    fc.record({ key: fc.constant(key), values, isNot: fc.nat(3).map((n) => n === 0) });
  const all = [
    of('source.ip', some(['127.0.0.1', '127.8.0.0/28', '127.8.0.9'])),
    of('destination.ip', some(['127.0.0.1', '10.0.0.0/8', '10.9.0.0/29'])),
    of('destination.port', port),
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
      ? [
          of('request.auth.claims[group]', some(['admins', 'g*'])),
          of('request.auth.audiences', some(['api'])),
          of('request.headers[x-user]', some(['u1', 'u*'])),
        ]
      : []),
    // Where tokens are verified nowhere nobody has any.
    ...(kind === 'tcp' || hasTokens ? [] : [of('request.auth.claims[group]', some(['admins']))]),
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

function policyOf(
  kind: Place['kind'],
  hasTokens: boolean,
  isSayable: boolean,
  rehearses: boolean,
): fc.Arbitrary<DrawnPolicy> {
  return fc.record({
    action: fc.oneof(
      { weight: kind === 'tcp' && !rehearses ? 14 : 7, arbitrary: fc.constant('ALLOW') },
      { weight: rehearses ? 3 : 1, arbitrary: fc.constantFrom('DENY', 'AUDIT') },
    ),
    // A connection asks where one applies.
    isDryRun: fc.nat(19).map((n) => n === 0 && (kind !== 'tcp' || rehearses)),
    rules: fc.array(ruleOf(kind, hasTokens, isSayable), { minLength: 1, maxLength: 2 }),
  });
}

/** Without what is not there. */
function filled(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

const document = (kind: string, metadata: object, spec: object): string =>
  JSON.stringify({ apiVersion: 'security.istio.io/v1', kind, metadata, spec });

function policyDocument(
  name: string,
  namespace: string,
  { action, isDryRun, rules }: DrawnPolicy,
  matchLabels?: Readonly<Record<string, string>>,
): string {
  const annotations = isDryRun && action !== 'AUDIT' ? { annotations: { 'istio.io/dry-run': 'true' } } : {};
  const selector = matchLabels === undefined ? {} : { selector: { matchLabels } };
  return document('AuthorizationPolicy', { name, namespace, ...annotations }, { ...selector, action, rules });
}

const customDocument = (namespace: string): string =>
  document(
    'AuthorizationPolicy',
    { name: 'custom', namespace },
    { action: 'CUSTOM', provider: { name: 'other' }, rules: [{ to: [{ operation: { paths: ['/a/*', '/p1*'] } }] }] },
  );

function strictPeers(namespace: string, isOfPort: boolean): string {
  const spec = isOfPort
    ? { selector: { matchLabels: { app: 'details' } }, portLevelMtls: { [placePorts[0]]: { mode: 'STRICT' } } }
    : { mtls: { mode: 'STRICT' } };
  return document('PeerAuthentication', { name: 'peers', namespace }, spec);
}

function tokenRules(
  namespace: string,
  jwks: Tokens['jwks'],
  { isKept, hasOutput }: { readonly isKept: boolean; readonly hasOutput: boolean },
): string {
  const rules = Object.entries(jwks).map(([issuer, keys]) => ({
    ...{ issuer: `https://${issuer}`, jwks: keys, forwardOriginalToken: isKept },
    ...(issuer === 'b' ? { fromHeaders: [{ name: 'x-jwt' }] } : {}),
    ...(hasOutput ? { outputClaimToHeaders: [{ header: 'x-user', claim: 'sub' }] } : {}),
  }));
  return document('RequestAuthentication', { name: 'tokens', namespace }, { jwtRules: rules });
}
