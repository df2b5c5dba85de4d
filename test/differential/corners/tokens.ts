/**
 * Tokens together with policies: claims, request principals, what is taken out of a request before policies see it.
 * @module
 */
import * as make from '../../support/tokens.ts';
import type { Case, Request } from '../case.ts';
import { bothWays, corner, deny, source, tokens, when } from './corner.ts';

const iss = 'https://issuer.example';
const rsa = await make.issuingKey('RS256');
const ec = await make.issuingKey('ES256');
const edwards = await make.issuingKey('EdDSA');
const jwks = (...keys: readonly object[]): string => JSON.stringify({ keys });
const own = jwks({ ...ec.jwk, kid: 'ec' });
const rule = (fields: object = {}): object => ({ issuer: iss, jwks: own, ...fields });
const mint = (payload: make.Payload | string, header: make.Header = { kid: 'ec' }): Promise<string> =>
  make.mint(ec, payload, header);
const bearer = (token: string, more: Request = {}): Request => ({
  ...more,
  headers: [['authorization', `Bearer ${token}`], ...(more.headers ?? [])],
});

/** Payloads whose claims policies ask about. */
// biome-ignore format: a table
const payloads: readonly (make.Payload | string)[] = [
  { iss, sub: 'alice' },
  { iss },
  { iss, sub: '' },
  { iss, sub: 'team/alice' },
  { iss, sub: 'spiffe://cluster.local/ns/foo/sa/sleep' },
  { iss, sub: '*' },
  { iss, sub: 'al*' },
  { iss, sub: 'alice', aud: 'a' },
  { iss, sub: 'alice', aud: ['a', 'b'] },
  { iss, sub: 'alice', aud: [] },
  { iss, sub: 'alice', aud: '' },
  { iss, sub: 'alice', aud: ['', 'https://a/'] },
  { iss, sub: 'alice', azp: 'client' },
  { iss, sub: 'alice', azp: ['client', 'other'] },
  { iss, sub: 'alice', azp: 7 },
  { iss, sub: 'alice', g: 'a' },
  { iss, sub: 'alice', g: ['a', 'b'] },
  { iss, sub: 'alice', g: [['a']] },
  { iss, sub: 'alice', g: [1, true, null, { a: 'a' }, 'a'] },
  { iss, sub: 'alice', g: { a: 'a' } },
  { iss, sub: 'alice', g: { a: { b: ['a'] } } },
  { iss, sub: 'alice', g: '' },
  { iss, sub: 'alice', g: [''] },
  { iss, sub: 'alice', g: [] },
  { iss, sub: 'alice', g: 1 },
  { iss, sub: 'alice', g: true },
  { iss, sub: 'alice', g: null },
  { iss, sub: 'alice', g: 'a b' },
  { iss, sub: 'alice', g: '*' },
  { iss, sub: 'alice', g: 'A' },
  { iss, sub: 'alice', g: 'caf\u00e9' },
  { iss, sub: 'alice', g: 'a\nb' },
  { iss, sub: 'alice', 'g.a': 'a', '[g]': 'a', 'g]': 'a', 'https://x/g': 'a', '': 'a' },
  { iss, sub: 'alice', scope: 'a b' },
  { iss, sub: 'alice', scope: ' a  b ' },
  { iss, sub: 'alice', scope: '' },
  { iss, sub: 'alice', scope: ' ' },
  { iss, sub: 'alice', scope: 'a\tb' },
  { iss, sub: 'alice', scope: ['a b', 'c'] },
  { iss, sub: 'alice', permission: 'a b', permissions: 'a b' },
  { iss, sub: 'alice', x: { scope: 'a b' }, g: 'a b' },
  { iss, sub: 'alice', scope: 7 },
  '{"iss":"https://issuer.example","sub":"alice","g":"a","g":"b"}',
  '{"iss":"https://issuer.example","sub":"alice","g":"\\u0061"}',
  '{"iss":"https://issuer.example","sub":"alice","g":1e400}',
  '{"iss":"https://issuer.example","sub":"alice","g":123456789012345678901234567890}',
  `{"iss":"https://issuer.example","sub":"alice","g":${'['.repeat(90)}"a"${']'.repeat(90)}}`,
  `{"iss":"https://issuer.example","sub":"alice","g":${'['.repeat(150)}"a"${']'.repeat(150)}}`,
  `{"iss":"https://issuer.example","sub":"alice","g":${'{"a":'.repeat(99)}"a"${'}'.repeat(99)}}`,
];
const texts = await Promise.all(payloads.map((payload) => mint(payload)));
const askedWith: readonly Request[] = [
  {},
  ...texts.map((text) => bearer(text)),
  bearer(`${texts[0]}x`),
  bearer('a.b.c'),
];

// biome-ignore format: a table
const principalForms = ['*', '*/*', `${iss}/alice`, `${iss}/*`, `${iss}/al*`, '*/alice', '*lice', '*.example/alice', '*example/*', 'https*', 'https://*', `${iss}*`, iss, `${iss}/`, 'alice', '*/team/alice', `${iss}/team/alice`, `${iss}/spiffe://cluster.local/ns/foo/sa/sleep`, '*sleep', '/alice', '*/', `${iss}/**`, '**', `${iss}/*ice`, 'HTTPS://issuer.example/alice', `${iss}//alice`];
// biome-ignore format: a table
const claimKeys = ['[g]', '[g][a]', '[g][a][b]', '[g][b]', '[scope]', '[permission]', '[permissions]', '[x][scope]', '[g.a]', '[https://x/g]', '[iss]', '[sub]', '[aud]', '[[g]]', '[g]]', '[missing]', '[ g]', '[g][]', '[G]', '[exp]'];
const claimValues = ['*', 'a', 'a*', '*a', 'A', 'a b', 'b', '1', 'true', 'caf\u00e9', '**', iss, 'alice'];

// biome-ignore format: a table
const claimCorners: readonly Case[] = [
  ...principalForms.flatMap((value, i) => [
    ...bothWays(`request-principal-${i}`, source({ requestPrincipals: [value] }), askedWith).map(withTokens()),
    ...bothWays(`not-request-principal-${i}`, source({ notRequestPrincipals: [value] }), askedWith).map(withTokens()),
    ...bothWays(`when-request-principal-${i}`, when('request.auth.principal', [value]), askedWith).map(withTokens()),
  ]),
  ...claimKeys.flatMap((key, i) =>
    claimValues.flatMap((value, j) => [
      ...bothWays(`claim-${i}-${j}`, when(`request.auth.claims${key}`, [value]), askedWith).slice(0, 1).map(withTokens()),
      ...bothWays(`not-claim-${i}-${j}`, when(`request.auth.claims${key}`, undefined, [value]), askedWith).slice(1).map(withTokens()),
    ]),
  ),
  ...['*', 'a', 'b', 'a*', 'https://a', 'https://a/', 'client', '*r'].flatMap((value, i) => [
    ...bothWays(`audience-${i}`, when('request.auth.audiences', [value]), askedWith).map(withTokens()),
    ...bothWays(`not-audience-${i}`, when('request.auth.audiences', undefined, [value]), askedWith).map(withTokens()),
    ...bothWays(`presenter-${i}`, when('request.auth.presenter', [value], ['other']), askedWith).map(withTokens()),
  ]),
  ...['a', 'a b', '*'].flatMap((value, i) =>
    bothWays(`delimited-${i}`, when('request.auth.claims[g]', [value]), askedWith).map(withTokens({ spaceDelimitedClaims: ['g', 'x', 'missing'] })),
  ),
];

function withTokens(fields: object = {}): (of: Case) => Case {
  return (of) => ({ ...of, documents: [...of.documents, tokens([rule(fields)], { name: 'jwt' })] });
}

const good = texts[0]!;
const other = await make.mint(rsa, { iss: 'https://other.example', sub: 'bob' }, { kid: 'rsa' });
const stranger = await make.mint(rsa, { iss: 'https://stranger.example', sub: 'eve' });
const forged = await make.mint(await make.issuingKey('ES256'), { iss, sub: 'eve' }, { kid: 'ec' });
const expired = await mint({ iss, sub: 'alice', exp: 1 });
const audible = await mint({ iss, sub: 'alice', aud: ['https://a/', 'c'] });
const big = await mint({ iss, sub: 'alice', big: 'x'.repeat(9000) });
const edOwn = await make.mint(edwards, { iss, sub: 'ed' }, { kid: 'ed' });
// biome-ignore format: a table
const signed = [good, other, stranger, forged, expired, audible, edOwn, `${good}.`, `${good}.x`, `.${good}`, good.slice(0, -2), good.replace('.', '..'), `${good} `, `${good}=`, `${good},x`, ` ${good}`, 'x', '', '..', 'a.b', `${good}\t`];

/** The same tokens at every place. */
// biome-ignore format: a table
const placed: readonly Request[] = [
  ...signed.flatMap((token): Request[] => [
    bearer(token), { headers: [['authorization', token]] }, { headers: [['authorization', `bearer ${token}`]] }, { headers: [['authorization', `Bearer${token}`]] }, { headers: [['authorization', `Basic x, Bearer ${token}`]] }, { headers: [['Authorization', `Bearer  ${token}`]], h2: true },
    { path: `/?access_token=${token}` }, { path: `/a?x=1&access_token=${encodeURIComponent(token)}&y=2` }, { path: `/?token=${token}` }, { path: `/?access_token=${token}&access_token=x` },
    { headers: [['x-jwt', token]] }, { headers: [['x-jwt', `JWT ${token}`]] }, { headers: [['x-jwt', `tok=${token}`]] }, { headers: [['cookie', `jwt=${token}`]] }, { headers: [['cookie', `a=b;jwt=${token}; c=d`]] }, { headers: [['cookie', `jwt="${token}"`]] }, { headers: [['cookie', 'a=b'], ['cookie', `jwt=${token}`]] },
  ]),
  bearer(good, { path: `/?access_token=${other}` }), bearer(good, { path: '/?access_token=x' }), bearer('x', { path: `/?access_token=${good}` }), bearer(good, { headers: [['x-jwt', other]] }), bearer(other, { headers: [['x-jwt', good]] }), bearer(good, { headers: [['x-jwt', 'x']] }), bearer('x', { headers: [['x-jwt', other]] }),
  { headers: [['authorization', `Bearer ${good}`], ['authorization', `Bearer ${other}`]] }, { headers: [['authorization', ''], ['authorization', `Bearer ${good}`]] }, { headers: [['x-jwt', 'x'], ['x-jwt', good]] }, { headers: [['x-jwt', good], ['x-jwt', other]] }, { headers: [['x-jwt', ''], ['x-jwt', good]] },
  { headers: [['cookie', `jwt=x; jwt=${good}`]] }, { headers: [['cookie', `JWT=${good}`]] }, { headers: [['cookie', `jwt =${good}`]] }, { headers: [['cookie', `jwt= ${good}`]] }, { headers: [['cookie', 'jwt']] }, { headers: [['cookie', 'jwt=']] },
  { path: '/?access_token' }, { path: '/?access_token=' }, { path: '/?ACCESS_TOKEN=x' }, { path: `/?a=1&&access_token=${good}&` }, { path: `/?access_token=${good}#f` }, { path: `/?access%5Ftoken=${good}` },
  bearer(good, { headers: [['x-user', 'forged'], ['x-payload', 'forged']] }), { headers: [['x-user', 'forged'], ['X-Payload', 'forged']] }, bearer('x', { headers: [['x-user', 'forged']] }),
  { method: 'OPTIONS', headers: [['origin', 'https://a'], ['access-control-request-method', 'GET'], ['authorization', 'Bearer x'], ['x-user', 'forged']] }, { method: 'OPTIONS', headers: [['origin', ''], ['access-control-request-method', 'GET'], ['authorization', 'Bearer x']] }, { method: 'OPTIONS', headers: [['origin', 'https://a'], ['authorization', 'Bearer x']] }, { method: 'OPTIONS', h2: true, headers: [['origin', 'https://a'], ['access-control-request-method', ''], ['authorization', 'Bearer x']] },
  bearer(big), bearer('x', { path: `/${'p'.repeat(300)}?q=1` }), bearer('x', { host: 'EXAMPLE.com:8080', path: '/a"b' }), bearer('x', { host: '' }), bearer('x', { path: '/a//b/../c?x#y' }), bearer('x', { headers: [['x-forwarded-proto', 'https']] }), bearer('x', { identity: { name: 'no-cert', noCert: true }, h2: true }), bearer('x', { method: 'HEAD' }),
  bearer('x', { h2: true, grpc: true, method: 'POST', path: '/pkg.Echo/Say', headers: [['content-type', 'application/grpc'], ['te', 'trailers']] }), bearer(audible, { h2: true, grpc: true, method: 'POST', path: '/pkg.Echo/Say', headers: [['content-type', 'application/grpc'], ['te', 'trailers']] }),
  { tcp: true },
];

// biome-ignore format: a table
const ruleSets: readonly (readonly [name: string, rules: readonly object[]])[] = [
  ['plain', [rule()]],
  ['audience', [rule({ audiences: ['a'] })]],
  ['audience-slash', [rule({ audiences: ['http://a/', 'b'] })]],
  ['forward', [rule({ forwardOriginalToken: true })]],
  ['outputs', [rule({ outputPayloadToHeader: 'x-payload', outputClaimToHeaders: [{ header: 'x-user', claim: 'sub' }] })]],
  ['headers', [rule({ fromHeaders: [{ name: 'x-jwt' }] })]],
  ['header-prefix', [rule({ fromHeaders: [{ name: 'X-Jwt', prefix: 'JWT ' }, { name: 'x-jwt', prefix: 'tok=' }] })]],
  ['header-both', [rule({ fromHeaders: [{ name: 'authorization', prefix: 'Bearer ' }, { name: 'x-jwt' }] })]],
  ['params', [rule({ fromParams: ['token', 'access_token'] })]],
  ['cookies', [rule({ fromCookies: ['jwt'] })]],
  ['all-places', [rule({ fromHeaders: [{ name: 'x-jwt' }], fromParams: ['token'], fromCookies: ['jwt'] })]],
  ['two-issuers', [rule(), { issuer: 'https://other.example', jwks: jwks({ ...rsa.jwk, kid: 'rsa' }) }]],
  ['two-issuers-places', [rule(), { issuer: 'https://other.example', jwks: jwks({ ...rsa.jwk }), fromHeaders: [{ name: 'x-jwt' }] }]],
  ['same-issuer', [rule({ audiences: ['a'] }), rule({ audiences: ['b'], fromHeaders: [{ name: 'x-jwt' }] })]],
  ['three', [rule(), { issuer: 'https://other.example', jwks: jwks({ ...rsa.jwk }) }, { issuer: 'https://stranger.example', jwks: jwks({ ...rsa.jwk, kid: 'unknown' }) }]],
  ['mixed-keys', [rule({ jwks: jwks({ ...rsa.jwk }, { ...ec.jwk, alg: 'ES256' }, { ...edwards.jwk, kid: 'ed', alg: 'EdDSA' }) })]],
  ['wrong-alg', [rule({ jwks: jwks({ ...ec.jwk, alg: 'ES384' }) })]],
  ['no-keys', [rule({ jwks: jwks() })]],
  ['wrong-kid', [rule({ jwks: jwks({ ...ec.jwk, kid: 'nobody' }) })]],
];

const userIs = deny(
  when('request.headers[x-user]', ['forged', 'alice']),
  when('request.headers[authorization]', ['*'], ['nothing']),
  when('request.headers[:path]', ['*access_token*', '/?']),
  { to: [{ operation: { paths: ['/a'] } }] },
);

// biome-ignore format: a table
export const tokenCorners: readonly Case[] = [
  ...claimCorners,
  ...ruleSets.flatMap(([name, rules]) => [
    corner(`rules-${name}`, [tokens(rules)], placed),
    corner(`rules-${name}~joined`, [tokens(rules)], placed.filter(({ headers }) => new Set(headers?.map(([each]) => each.toLowerCase())).size === (headers?.length ?? 0)), { rawHeaders: false }),
    corner(`rules-${name}~seen`, [tokens(rules, { name: 'jwt' }), userIs], placed),
    corner(`rules-${name}~principal`, [tokens(rules, { name: 'jwt' }), deny(source({ notRequestPrincipals: ['*'] }))], placed),
  ]),
];
