/**
 * What has gone wrong before in systems like this one, each pinned: undo the lesson and a row fails.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { allow, authorization, deny, operation, source, tokens, when } from '../../differential/corners/corner.ts';
import { type Asked, asker, inlineKeySets } from '../../support/asked.ts';
import { issuingKey, mint } from '../../support/tokens.ts';

interface Lesson {
  readonly of: string;
  readonly name: string;
  readonly documents: readonly string[];
  /** Requests that must be let through, and requests that must not. */
  readonly allowed?: readonly Asked[];
  readonly denied?: readonly Asked[];
}

const sleep = 'spiffe://cluster.local/ns/foo/sa/sleep';
const line = (name: string, ...values: readonly string[]) => values.map((value) => [name, value] as const);
const noAdmin = deny(operation({ paths: ['/admin', '/admin/*'] }));

const lessons: readonly Lesson[] = [
  {
    of: 'CVE-2020-8595',
    name: 'a path is compared without query and fragment',
    documents: [noAdmin],
    denied: [{ path: '/admin?x' }, { path: '/admin?' }, { path: '/admin#f' }, { path: '/admin/x?y#z' }],
    allowed: [{ path: '/x?/admin' }],
  },
  {
    of: 'CVE-2020-16844',
    name: 'a suffix of a principal holds in DENY, for HTTP and for TCP',
    documents: [deny(source({ principals: ['*/sa/sleep'] }), source({ namespaces: ['*bar'] }))],
    denied: [
      { principal: sleep },
      { principal: sleep, tcp: true },
      { principal: 'spiffe://cluster.local/ns/foobar/sa/x', tcp: true },
      { principal: 'spiffe://cluster.local/ns/bar/sa/x' },
    ],
    allowed: [{ principal: 'spiffe://cluster.local/ns/foo/sa/sleeper' }],
  },
  {
    of: 'CVE-2020-16844',
    name: 'a suffix of a principal holds in ALLOW, for HTTP and for TCP',
    documents: [allow(source({ principals: ['*/sa/sleep'] }))],
    allowed: [{ principal: sleep }, { principal: sleep, tcp: true }],
    denied: [{ principal: 'spiffe://cluster.local/ns/foo/sa/sleeper' }, {}],
  },
  {
    of: 'ISTIO-SECURITY-2021-004',
    name: 'nobody has no namespace: notNamespaces lets him in, notPrincipals: ["*"] keeps him out',
    documents: [authorization({ action: 'DENY', rules: [source({ notPrincipals: ['*'] })] }, { name: 'a' })],
    denied: [{}, { tcp: true }],
    allowed: [{ principal: sleep }],
  },
  {
    of: 'CVE-2020-25017, CVE-2021-32777',
    name: 'of repeated headers neither only the first nor only the last counts',
    documents: [deny(when('request.headers[x-role]', ['admin']))],
    denied: [
      { lines: line('x-role', 'admin', 'user') },
      { lines: line('x-role', 'user', 'admin') },
      { lines: line('x-role', 'user', 'admin', 'user') },
    ],
    allowed: [{ lines: line('x-role', 'user', 'user') }],
  },
  {
    of: 'CVE-2026-26308',
    name: 'repeated headers are not joined before they are compared',
    documents: [deny(when('request.headers[x-role]', ['*n']))],
    denied: [{ lines: line('x-role', 'admin', 'user') }],
    allowed: [{ lines: line('x-role', 'admin,user') }],
  },
  {
    of: 'CVE-2021-39155',
    name: 'the case of a host does not matter, the port does',
    documents: [deny(operation({ hosts: ['Admin.example.com', 'admin.example.com:*'] }))],
    denied: [{ host: 'ADMIN.EXAMPLE.COM' }, { host: 'admin.example.COM:8080' }],
    allowed: [{ host: 'admin.example.com.' }],
  },
  {
    of: 'CVE-2021-39156, CVE-2021-32779',
    name: 'a fragment does not hide a path',
    documents: [noAdmin],
    denied: [{ path: '/admin#' }, { path: '/admin#?x' }, { path: '/admin/#/../x' }],
  },
  {
    of: 'CVE-2022-21679',
    name: 'a condition that cannot be said does not become true in an ALLOW',
    documents: [allow({ ...operation({ paths: ['admin/{*}'] }) }, when('request.headers[x-a]', ['a']))],
    denied: [{ path: '/admin/x' }, { path: '/' }, { tcp: true }],
    allowed: [{ lines: line('x-a', 'a') }],
  },
  {
    of: 'CVE-2023-27487',
    name: 'x-envoy-original-path says nothing about the path',
    documents: [allow(operation({ paths: ['/public'] }))],
    denied: [{ path: '/admin', lines: line('x-envoy-original-path', '/public') }],
  },
  {
    of: 'CVE-2023-27488, CVE-2026-73552',
    name: 'bytes that are no UTF-8 neither stop a Check nor hide a header from a DENY',
    documents: [deny(when('request.headers[x-role]', ['admin*']))],
    denied: [{ lines: [['x-role', Buffer.from('admin\xff\xfe', 'latin1')]] }, { lines: line('x-role', 'admin\x80') }],
    allowed: [{ lines: [['x-role', Buffer.from('\xff\xfeadmin', 'latin1')]] }],
  },
  {
    of: 'CVE-2025-46821',
    name: 'a star in a path does not dodge a template',
    documents: [deny(operation({ paths: ['/admin/{*}/x', '/files/{**}'] }))],
    denied: [{ path: '/admin/*/x' }, { path: '/admin/a*b/x' }, { path: '/files/*' }, { path: '/files/a/*b' }],
    allowed: [{ path: '/admin//x' }],
  },
  {
    of: 'CVE-2026-39350',
    name: 'nothing in a policy is a regular expression',
    documents: [
      deny(
        source({ serviceAccounts: ['fo./sle.p'] }),
        source({ namespaces: ['.*'] }),
        source({ principals: ['*.*/sleep'] }),
        source({ trustDomains: ['cluster?local'] }),
      ),
    ],
    allowed: [{ principal: sleep }, { principal: 'spiffe://cluster.local/ns/bar/sa/sleep' }],
  },
  {
    of: 'CVE-2026-47778, CVE-2025-66220',
    name: 'a NUL in a name does not end it',
    documents: [allow(source({ principals: ['cluster.local/ns/foo/sa/sleep'] }))],
    denied: [{ principal: `${sleep}\0x` }, { principal: `${sleep}\0` }],
    allowed: [{ principal: sleep }],
  },
  {
    of: 'CVE-2026-73547',
    name: 'a request without a path matches no path, and does no harm',
    documents: [allow(operation({ paths: ['*'] }), operation({ paths: ['/{**}'] }))],
    denied: [{ path: '', method: 'CONNECT' }],
  },
];

describe('a lesson of', () => {
  for (const { of, name, documents, allowed = [], denied = [] } of lessons) {
    it(`${of}: ${name}`, () => {
      const { ask } = asker(documents);
      for (const asked of allowed) assert.equal(ask(asked).allowed, true, JSON.stringify(asked));
      for (const asked of denied)
        assert.deepEqual(pick(ask(asked)), { allowed: false, status: 403 }, JSON.stringify(asked));
    });
  }

  const strict: readonly (readonly [of: string, name: string, asked: Asked])[] = [
    ['CVE-2021-31920', 'two slashes', { path: '//admin' }],
    ['CVE-2021-29492', 'an escaped slash', { path: '/x%2Fadmin' }],
    ['CVE-2021-29492', 'an escaped backslash', { path: '/x%5cadmin' }],
    ['CVE-2026-73551', 'a parameter in a dot segment', { path: '/x/..;x/admin' }],
    ['CVE-2026-73511, CVE-2026-73553', 'a parameter in a segment', { path: '/admin;x=1' }],
    [
      'ISTIO-SECURITY-2021-008',
      'a host with a port that a DENY of the host would miss',
      { host: 'secret.example:8080' },
    ],
    ['ISTIO-SECURITY-2021-008', 'a host with a dot at its end', { host: 'secret.example.' }],
    ['CVE-2026-47778', 'a NUL in a name', { principal: `${sleep}\0x` }],
  ];
  for (const [of, name, asked] of strict) {
    it(`${of}: ambiguousRequests: deny refuses ${name}; by default it is Envoy's to judge, and counted`, () => {
      const documents = [deny(operation({ paths: ['/admin', '/admin/*'] }), operation({ hosts: ['secret.example'] }))];
      assert.equal(asker(documents, { ambiguousRequests: 'deny' }).ask(asked).reason, 'ambiguous_request');
      const { ask, counters } = asker(documents);
      assert.equal(ask(asked).allowed, true);
      assert.equal(counters.ambiguousRequests, asked.host === undefined ? 1 : 0);
    });
  }

  it('CVE-2026-31837: with no key of the issuer nobody gets in', async () => {
    const key = await issuingKey('ES256');
    const token = await mint(key, { iss: 'https://issuer.example', sub: 'alice' });
    const { ask } = asker([tokens([{ issuer: 'https://issuer.example', jwksUri: 'https://issuer.example/keys' }])]);
    const { allowed, status, body } = ask({ lines: line('authorization', `Bearer ${token}`) });
    assert.deepEqual({ allowed, status, body }, { allowed: false, status: 401, body: 'Jwks remote fetch is failed' });
  });

  it('GO-2024-2704: a token counts for the rule whose keys verified it, not for another issuer', async () => {
    const keys = [await issuingKey('ES256'), await issuingKey('ES256')] as const;
    const jwks = keys.map(({ jwk }) => JSON.stringify({ keys: [jwk] })) as [string, string];
    const issuers = ['https://a.example', 'https://b.example'] as const;
    const rules = issuers.map((issuer, i) => ({ issuer, jwks: jwks[i] }));
    const documents = [tokens(rules, { name: 'jwt' }), allow(source({ requestPrincipals: ['https://a.example/*'] }))];
    const { ask } = asker(documents, { keySets: await inlineKeySets(documents) });
    const bearer = async (key: 0 | 1, iss: string) => ({
      lines: line('authorization', `Bearer ${await mint(keys[key], { iss, sub: 'x' })}`),
    });
    assert.equal(ask(await bearer(0, issuers[0])).allowed, true);
    assert.equal(ask(await bearer(1, issuers[0])).status, 401);
    assert.equal(ask(await bearer(1, issuers[1])).reason, 'no_rule_allowed');
  });
});

const pick = ({ allowed, status }: { readonly allowed: boolean; readonly status: number }) => ({ allowed, status });
