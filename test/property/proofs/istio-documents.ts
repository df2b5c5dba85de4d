/**
 * Random documents of Istio: whom they allow, which tokens they take, and where they want mTLS.
 * @module
 */
import type { Chance } from '../../reference/calico-random.ts';
import { type Fields, keys, namespaces, words } from './vocabulary.ts';

const patterns = (values: readonly string[]): string[] => [
  ...values.filter(Boolean),
  ...values.filter((value) => value.length > 1).flatMap((value) => [`${value.slice(0, 2)}*`, `*${value.slice(-2)}`]),
  '*',
];
const paths = [...patterns(words.paths), '/a/{*}', '/{**}/c', '/a/{**}'];
const principals = [
  ...['cluster.local/ns/shop/sa/web', 'cluster.local/ns/bank/sa/api', 'cluster.local/ns/ops/sa/default'],
  ...['*', 'cluster.local/ns/shop/*', '*/sa/web', 'other.td/ns/shop/sa/web'],
];
const blocks = ['10.0.0.0/24', '10.0.0.1', '10.0.0.0/30', '0.0.0.0/0', 'fd00::/16', '198.18.0.0/15'];

/** A policy, a token's rules or a mode of mTLS. */
export function istioDocument(chance: Chance, i: number): Fields {
  return chance.of([authorization, authorization, authorization, authorization, authentication, transport])(chance, i);
}

function document(chance: Chance, kind: string, name: string, spec: Fields, annotations?: Fields): Fields {
  const namespace = chance.odds(0.25) ? 'istio-system' : chance.of(namespaces);
  const selector = { matchLabels: { [chance.of(keys)]: chance.of(['x', 'y']) } };
  return {
    apiVersion: 'security.istio.io/v1',
    kind,
    metadata: { namespace, name, ...(annotations && { annotations }) },
    spec: { ...(chance.odds(0.4) && namespace !== 'istio-system' && { selector }), ...spec },
  };
}

function authorization(chance: Chance, i: number): Fields {
  const action = chance.of(['ALLOW', 'ALLOW', 'ALLOW', 'DENY', 'DENY', 'AUDIT', 'CUSTOM']);
  const dryRun = chance.odds(0.12) && ['ALLOW', 'DENY'].includes(action) && { 'istio.io/dry-run': 'true' };
  const least = action === 'DENY' || action === 'CUSTOM' ? 1 : 0;
  const rules = Array.from({ length: least + chance.below(3) }, () => rule(chance, action));
  const spec = { action, ...(action === 'CUSTOM' && { provider: { name: 'ours' } }), rules };
  return document(chance, 'AuthorizationPolicy', `a${i}`, spec, dryRun || undefined);
}

/** A field, or what it must not be. */
function field(chance: Chance, name: string, from: readonly string[]): Fields {
  const own = chance.odds(0.25) ? `not${name[0]!.toUpperCase()}${name.slice(1)}` : name;
  return { [own]: [...new Set(chance.some(from, 2))] };
}

function rule(chance: Chance, action: string): Fields {
  const named = action !== 'CUSTOM';
  const source = (): Fields => ({
    ...(named && chance.odds(0.5) && field(chance, 'principals', principals)),
    ...(named && chance.odds(0.25) && field(chance, 'namespaces', [...namespaces, 'sh*'])),
    ...(chance.odds(0.2) && field(chance, 'ipBlocks', blocks)),
    ...(chance.odds(0.2) && field(chance, 'remoteIpBlocks', blocks)),
    ...(named &&
      chance.odds(0.2) &&
      field(chance, 'requestPrincipals', ['*', 'https://one/*', 'https://one/x', '*/x'])),
  });
  const operation = (): Fields => ({
    ...(chance.odds(0.4) && field(chance, 'methods', [...words.methods, 'P*', '*'])),
    ...(chance.odds(0.5) && field(chance, 'paths', paths)),
    ...(chance.odds(0.2) && field(chance, 'hosts', ['a.com', '*.a.com', 'A.com', 'b.*'])),
    ...(chance.odds(0.3) && field(chance, 'ports', ['80', '8080', '443'])),
  });
  const some = (make: () => Fields): Fields[] =>
    Array.from({ length: 1 + chance.below(2) }, make).filter((one) => Object.keys(one).length > 0);
  const [from, to] = [some(source), some(operation)];
  return {
    ...(chance.odds(0.7) && from.length > 0 && { from: from.map((one) => ({ source: one })) }),
    ...(chance.odds(0.7) && to.length > 0 && { to: to.map((one) => ({ operation: one })) }),
    ...(named && chance.odds(0.45) && { when: Array.from({ length: 1 + chance.below(2) }, () => condition(chance)) }),
  };
}

const conditions: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['request.headers[x-a]', patterns(words.lines)],
  ['request.headers[x-b]', ['x', '*']],
  ['request.headers[host]', ['a.com', '*']],
  ['request.auth.claims[group]', patterns(words.lines)],
  ['request.auth.claims[realm][role]', ['x', 'y']],
  ['request.auth.claims[iss]', words.issuers],
  ['request.auth.claims[aud]', words.audiences],
  ['request.auth.principal', ['https://one/x', '*']],
  ['request.auth.audiences', words.audiences],
  ['request.auth.presenter', ['x']],
  ['connection.sni', ['a.com', '*.com', 'x']],
  ['source.ip', blocks],
  ['remote.ip', blocks],
  ['destination.ip', blocks],
  ['destination.port', ['80', '443']],
  ['source.namespace', namespaces],
  ['source.principal', principals],
];

function condition(chance: Chance): Fields {
  const [key, values] = chance.of(conditions);
  return { key, ...field(chance, 'values', values) };
}

function authentication(chance: Chance, i: number): Fields {
  const jwtRules = [...new Set(chance.some(words.issuers, 2))].map((issuer) => ({
    issuer,
    jwks: '{"keys":[{"kty":"oct","k":"AAAA","kid":"k"}]}',
    ...(chance.odds(0.3) && { audiences: chance.some(words.audiences, 2) }),
    ...(chance.odds(0.2) && { fromHeaders: [{ name: 'x-token', prefix: 'Bearer ' }] }),
    ...(chance.odds(0.15) && { outputPayloadToHeader: 'x-b' }),
  }));
  return document(chance, 'RequestAuthentication', `t${i}`, { jwtRules });
}

function transport(chance: Chance, i: number): Fields {
  const mode = (): Fields => ({ mode: chance.of(['STRICT', 'STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET']) });
  const made = document(chance, 'PeerAuthentication', `m${i}`, { mtls: mode() });
  const spec = made['spec'] as Fields;
  const isOfSome = 'selector' in spec;
  return {
    ...made,
    spec: { ...spec, ...(isOfSome && chance.odds(0.5) && { portLevelMtls: { '8080': mode(), '443': mode() } }) },
  };
}
