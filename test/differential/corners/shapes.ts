/**
 * Rules, actions, scopes, TCP, dry-run, targets: how policies are put together.
 * @module
 */
import type { Case, Request } from '../case.ts';
import { allow, authorization, corner, deny, named, noCert, type RuleSpec } from './corner.ts';

const foo = named('spiffe://cluster.local/ns/foo/sa/sleep');
const bar = named('spiffe://cluster.local/ns/bar/sa/sleep');
// biome-ignore format: a table
const requests: readonly Request[] = [
  {}, { path: '/admin' }, { path: '/admin', method: 'POST' }, { identity: foo }, { identity: bar, path: '/admin' }, { identity: noCert }, { identity: foo, h2: true, grpc: true, method: 'POST', path: '/pkg.Echo/Say', headers: [['content-type', 'application/grpc'], ['te', 'trailers']] },
  { method: 'HEAD' }, { method: 'OPTIONS', headers: [['origin', 'https://a'], ['access-control-request-method', 'GET']] }, { headers: [['x-a', 'a']] }, { source: 'fd00:1::7' },
  { tcp: true }, { tcp: true, port: '3306' }, { tcp: true, identity: foo }, { tcp: true, identity: bar, port: '3306' }, { tcp: true, identity: noCert, sni: 'a.example' }, { tcp: true, source: 'fd00:1::7' },
];

/** Every field, alone and with others, as it is on TCP. */
// biome-ignore format: a table
const fields: readonly [name: string, part: 'source' | 'operation', values: readonly string[]][] = [
  ['principals', 'source', ['cluster.local/ns/foo/sa/sleep']], ['requestPrincipals', 'source', ['*']], ['namespaces', 'source', ['foo']], ['serviceAccounts', 'source', ['foo/sleep']], ['trustDomains', 'source', ['cluster.local']], ['ipBlocks', 'source', ['10.0.0.0/8']], ['remoteIpBlocks', 'source', ['10.0.0.0/8']],
  ['hosts', 'operation', ['example.com']], ['ports', 'operation', ['9000', '8080']], ['methods', 'operation', ['GET']], ['paths', 'operation', ['/', '/admin']],
];
// biome-ignore format: a table
const keys: readonly [key: string, values: readonly string[]][] = [
  ['request.headers[x-a]', ['a']], ['source.ip', ['10.0.0.0/8']], ['remote.ip', ['10.0.0.0/8']], ['source.namespace', ['foo']], ['source.serviceAccount', ['foo/sleep']], ['source.trustDomain', ['cluster.local']], ['source.principal', ['cluster.local/ns/foo/sa/sleep']], ['request.auth.principal', ['*']], ['request.auth.audiences', ['a']], ['request.auth.presenter', ['a']], ['request.auth.claims[x]', ['a']],
  ['destination.ip', ['10.64.0.0/10']], ['destination.port', ['9000', '8080']], ['connection.sni', ['a.example']], ['experimental.envoy.filters.network.mysql_proxy[db.table]', ['[update]']], ['experimental.envoy.filters.http.x[k]', ['v']],
];
const notName = (field: string): string => `not${field[0]!.toUpperCase()}${field.slice(1)}`;
const actions = ['ALLOW', 'DENY', 'AUDIT'] as const;
const under = (action: string, rules: readonly RuleSpec[]): string => authorization({ action, rules });

// biome-ignore format: a table
const fieldCorners = fields.flatMap(([field, part, values], i) =>
  actions.flatMap((action) => {
    const clause = (content: object): object => ({ [part]: content });
    const list = part === 'source' ? 'from' : 'to';
    const positive: RuleSpec = { [list]: [clause({ [field]: values })] };
    const negative: RuleSpec = { [list]: [clause({ [notName(field)]: values })] };
    const both: RuleSpec = { [list]: [clause({ [field]: values, [notName(field)]: values })] };
    const withPort: RuleSpec = { ...positive, ...(list === 'from' ? { to: [{ operation: { ports: ['9000', '8080'] } }] } : { from: [{ source: { ipBlocks: ['10.0.0.0/8'] } }] }) };
    const alternative: RuleSpec = { [list]: [clause({ [field]: values }), clause(part === 'source' ? { namespaces: ['bar'] } : { ports: ['3306'] })] };
    return [positive, negative, both, withPort, alternative].map((rule, j) => corner(`field-${i}-${action}-${j}`, [under(action, [rule])], requests));
  }),
);

// biome-ignore format: a table
const keyCorners = keys.flatMap(([key, values], i) =>
  actions.flatMap((action) =>
    [{ key, values }, { key, notValues: values }, { key, values, notValues: values }].map((condition, j) =>
      corner(`key-${i}-${action}-${j}`, [under(action, [{ when: [condition] }, { to: [{ operation: { ports: ['3306'] } }] }])], requests),
    ),
  ),
);

/** Every two fields of one rule. */
// biome-ignore format: a table
const pairCorners = fields.flatMap(([a, partA, valuesA], i) =>
  fields.slice(i + 1).flatMap(([b, partB, valuesB], j) => {
    if (a === 'serviceAccounts' || b === 'serviceAccounts') return [];
    const rule =
      partA === partB
        ? { [partA === 'source' ? 'from' : 'to']: [{ [partA]: { [a]: valuesA, [notName(b)]: valuesB } }] }
        : { from: [{ source: { [a]: valuesA } }], to: [{ operation: { [b]: valuesB } }] };
    return (['ALLOW', 'DENY'] as const).map((action) => corner(`pair-${i}-${j}-${action}`, [under(action, [rule])], requests));
  }),
);

const meta = (name: string, more: object = {}): { name: string } => ({ name, ...more });
const root = { namespace: 'istio-system' };
const anyRule = { rules: [{}] };
const getRule = { rules: [{ to: [{ operation: { methods: ['GET'] } }] }] };
const adminRule = { rules: [{ to: [{ operation: { paths: ['/admin'] } }] }] };
const dry = { annotations: { 'istio.io/dry-run': 'true' } };
const select = (labels: Record<string, string>): object => ({ selector: { matchLabels: labels } });

// biome-ignore format: a table
const shapes: readonly [name: string, documents: readonly string[]][] = [
  ['none', []],
  ['empty-spec', [authorization({})]],
  ['no-spec', [JSON.stringify({ apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', metadata: { name: 'p', namespace: 'foo' } })]],
  ['empty-rules', [authorization({ rules: [] })]],
  ['any', [authorization(anyRule)]],
  ['deny-any', [authorization({ action: 'DENY', ...anyRule })]],
  ['audit-any', [authorization({ action: 'AUDIT', ...anyRule })]],
  ['audit-none', [authorization({ action: 'AUDIT' })]],
  ['audit-and-allow', [authorization({ action: 'AUDIT', ...anyRule }, meta('a')), authorization(getRule, meta('b'))]],
  ['empty-from', [authorization({ rules: [{ from: [], to: [{ operation: { methods: ['GET'] } }] }] })]],
  ['empty-to', [authorization({ action: 'DENY', rules: [{ to: [], from: [{ source: { namespaces: ['foo'] } }] }] })]],
  ['empty-when', [authorization({ rules: [{ when: [] }] })]],
  ['empty-lists', [authorization({ rules: [{ to: [{ operation: { methods: [], paths: ['/admin'] } }] }] })]],
  ['allow-nothing-and-any', [authorization({}, meta('a')), authorization(anyRule, meta('b'))]],
  ['root-allow-nothing', [authorization({}, meta('a', root))]],
  ['root-allow-and-local', [authorization({}, meta('a', root)), authorization(getRule, meta('b'))]],
  ['root-deny', [authorization({ action: 'DENY', ...adminRule }, meta('a', root)), authorization(anyRule, meta('b'))]],
  ['root-selector', [authorization({ action: 'DENY', ...adminRule, ...select({ app: 'reviews' }) }, meta('a', root))]],
  ['root-selector-miss', [authorization({ action: 'DENY', ...adminRule, ...select({ app: 'other' }) }, meta('a', root))]],
  ['other-namespace', [authorization({ action: 'DENY', ...anyRule }, meta('a', { namespace: 'bar' }))]],
  ['selector-empty', [authorization({ action: 'DENY', ...adminRule, selector: {} })]],
  ['selector-two', [authorization({ action: 'DENY', ...adminRule, ...select({ app: 'reviews', version: 'v1' }) })]],
  ['selector-half', [authorization({ action: 'DENY', ...adminRule, ...select({ app: 'reviews', version: 'v2' }) })]],
  ['selector-missing-label', [authorization({ action: 'DENY', ...adminRule, ...select({ nobody: '' }) })]],
  ['target-gateway', [authorization({ action: 'DENY', ...anyRule, targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'g' }] })]],
  ['target-service', [authorization({ action: 'DENY', ...anyRule, targetRefs: [{ group: '', kind: 'Service', name: 'reviews' }] })]],
  ['target-single', [authorization({ ...getRule, targetRef: { group: 'core', kind: 'Service', name: 'reviews' } })]],
  ['target-entry', [authorization({ ...getRule, targetRefs: [{ group: 'networking.istio.io', kind: 'ServiceEntry', name: 'e' }] })]],
  ['target-class', [authorization({ ...getRule, targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'GatewayClass', name: 'istio-waypoint' }] }, meta('p', root))]],
  ['target-empty', [authorization({ ...getRule, targetRefs: [] })]],
  ['dry-allow', [authorization(getRule, meta('p', dry))]],
  ['dry-deny', [authorization({ action: 'DENY', ...adminRule }, meta('p', dry))]],
  ['dry-deny-and-allow', [authorization({ action: 'DENY', ...adminRule }, meta('a', dry)), authorization(getRule, meta('b'))]],
  ['dry-allow-and-allow', [authorization(anyRule, meta('a', dry)), authorization(getRule, meta('b'))]],
  ['dry-allow-nothing', [authorization({}, meta('a', dry)), authorization(getRule, meta('b'))]],
  ['dry-allow-nothing-alone', [authorization({}, meta('a', dry))]],
  ['dry-deny-and-deny', [authorization({ action: 'DENY', ...getRule }, meta('a', dry)), authorization({ action: 'DENY', ...adminRule }, meta('b'))]],
  ['dry-all-kinds', [authorization({ action: 'DENY', ...getRule }, meta('a', dry)), authorization(adminRule, meta('b', dry)), authorization(anyRule, meta('c'))]],
  ['dry-false', [authorization({ action: 'DENY', ...adminRule }, meta('p', { annotations: { 'istio.io/dry-run': 'false' } }))]],
  ['dry-T', [authorization({ action: 'DENY', ...adminRule }, meta('p', { annotations: { 'istio.io/dry-run': 'T' } }))]],
  ['dry-root', [authorization({ action: 'DENY', ...adminRule }, meta('p', { ...root, ...dry }))]],
  ['many-rules', [allow(...Array.from({ length: 12 }, (_, i) => ({ to: [{ operation: { paths: [i >= 2 ? '/*' : `/x${i}`] } }] })))]],
  ['many-denies', [deny(...Array.from({ length: 112 }, (_, i) => ({ to: [{ operation: { paths: [i >= 9 ? '/admin' : `/x${i}`] } }] })))]],
  ['names', ['b', 'a', 'a.b', 'a-b', 'A'.toLowerCase(), 'aa'].filter((name, i, all) => all.indexOf(name) === i).map((name) => authorization(anyRule, meta(name)))],
  ['namespaces-order', [authorization(anyRule, meta('z')), authorization(anyRule, meta('a', root))]],
  ['custom-provider', [authorization({ action: 'CUSTOM', provider: { name: 'x' }, ...adminRule })]],
  ['v1beta1', [authorization({ action: 'DENY', ...adminRule }).replace('/v1"', '/v1beta1"')]],
  ['action-lower', [authorization({ action: 'deny', ...adminRule })]],
  ['action-empty', [authorization({ action: '', ...adminRule })]],
];

// biome-ignore format: a table
export const shapeCorners: readonly Case[] = [
  ...fieldCorners,
  ...keyCorners,
  ...pairCorners,
  ...shapes.map(([name, documents]) => corner(`shape-${name}`, documents, requests)),
  ...shapes.filter(([name]) => name.startsWith('selector')).map(([name, documents]) => corner(`bare-${name}`, documents, requests, { labels: {} })),
];

// biome-ignore format: a table
const metadataValues = ['v', '*', 'v*', '*v', '[v]', '[*]', '[v*]', '[[v]]', '[]', '1', 'true', '', '[w]', 'V'].filter((each) => each !== '');
// biome-ignore format: a table
const contents: readonly unknown[] = ['v', 'vv', 'xv', '', ['v'], ['v', 'w'], [], [1, 'v'], [['v']], { k: 'v' }, 1, true, null, 'w', '[v]'];

/** Dynamic metadata under `experimental.envoy.filters…`. */
// biome-ignore format: a table
export const metadataCorners: readonly Case[] = metadataValues.flatMap((value, i) =>
  contents.flatMap((content, j) =>
    (['ALLOW', 'DENY'] as const).flatMap((action) =>
      [['values', 'k'], ['notValues', 'k'], ['values', 'other']].map(([list, key], k) =>
        corner(
          `metadata-${i}-${j}-${k}-${action}`,
          [authorization({ action, rules: [{ when: [{ key: `experimental.envoy.filters.http.x[${key}]`, [list!]: [value] }] }] })],
          [{}],
          { metadata: { 'envoy.filters.http.x': { k: content } } },
        ),
      ),
    ),
  ),
);
