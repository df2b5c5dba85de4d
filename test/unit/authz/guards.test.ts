import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cleanHost, isAmbiguousPath } from '../../../src/authz/guards.ts';
import { allow, deny, operation, source } from '../../differential/corners/corner.ts';
import { asker } from '../../support/asked.ts';

describe('isAmbiguousPath', () => {
  // biome-ignore format: a table
  const plain = [
    '/', '/a', '/a/', '/a/b.c', '/.well-known/x', '/a..b', '/..a', '/...', '/a%20b', '/caf%C3%A9', '/~x', '/a?b=//c/../d;e#f', '/a+b,c@d:e', '/*', '/%41', '/a%2dB',
  ];
  // biome-ignore format: a table
  const ambiguous = [
    '//a', '/a//b', '/a//', '/./a', '/a/.', '/../a', '/a/..', '/a/../b', '/a/..;/b', '/a;x', '/;/a', '/a\\b', '/a%2fb', '/a%2Fb', '/a%5cb', '/a%5Cb', '/%2e%2e/a', '/.%2E/a', '/a%3bx', '/a%23b', '/a%3fb', '/a#b', '/a%00', '/a%0d%0a',
    '/a%7f', '/a%', '/a%2', '/a%zz', '/\xc3\xa9', '/a\x7f', '/a b', '/a\tb', 'a', 'http://b/a', '',
  ];
  for (const path of plain) it(`lets ${path} be`, () => assert.equal(isAmbiguousPath(path, 'GET'), false));
  for (const path of ambiguous)
    it(`names ${JSON.stringify(path)}`, () => assert.equal(isAmbiguousPath(path, 'GET'), true));

  it('knows the two requests that have no path of that form', () => {
    assert.equal(isAmbiguousPath('', 'CONNECT'), false);
    assert.equal(isAmbiguousPath('*', 'OPTIONS'), false);
    assert.equal(isAmbiguousPath('*', 'GET'), true);
  });
});

describe('cleanHost', () => {
  for (const [host, want] of [
    ['a.com', 'a.com'],
    ['A.com:8080', 'a.com'],
    ['a.com.', 'a.com'],
    ['a.com.:80', 'a.com'],
    ['[FD00::1]:80', '[fd00::1]'],
    ['[fd00::1]', '[fd00::1]'],
    ['a.com:', 'a.com'],
    ['CAF\xc3\x89.com', 'caf\xc3\x89.com'],
  ] as const) {
    it(`${host} is ${want}`, () => assert.equal(cleanHost(host), want));
  }
});

describe('ambiguousRequests: deny', () => {
  const forms = [
    '/ADMIN',
    '/admin/',
    '//admin',
    '/x/../admin',
    '/x/..;/admin',
    '/%61dmin',
    '/admin%2f',
    '/admin;x',
    '/admin\\',
    '/./admin',
    '/admin#',
    '/admin%00',
    '/x%2f..%2fadmin',
  ];

  it('allows no form of a path that a DENY names by its clean form', () => {
    const { ask } = asker([deny(operation({ paths: ['/admin', '/admin/*'] }))], { ambiguousRequests: 'deny' });
    const passed = forms.filter((path) => ask({ path }).allowed);
    assert.deepEqual(passed, ['/ADMIN', '/%61dmin'], 'another path, and one that Envoy decodes before it asks');
  });

  it('allows a clean request, and a host with a port where the bare host may pass too', () => {
    const options = { ambiguousRequests: 'deny' } as const;
    const { ask } = asker([allow(operation({ hosts: ['a.com', 'a.com:*', 'b.com:80'] }))], options);
    assert.equal(ask({ host: 'a.com:80' }).allowed, true);
    assert.equal(ask({ host: 'b.com:80' }).reason, 'ambiguous_request');
    assert.equal(ask({ host: 'c.com' }).reason, 'no_rule_allowed');
  });
});

describe('peerTrustDomains: own', () => {
  const { ask } = asker([allow(source({ namespaces: ['foo'] }))], { peerTrustDomains: 'own', aliases: ['old.local'] });
  for (const [principal, want] of [
    ['spiffe://cluster.local/ns/foo/sa/a', 'rule_allowed'],
    ['spiffe://old.local/ns/foo/sa/a', 'rule_allowed'],
    ['spiffe://other.local/ns/foo/sa/a', 'foreign_trust_domain'],
    ['spiffe://cluster.local.evil/ns/foo/sa/a', 'foreign_trust_domain'],
    ['https://cluster.local/ns/foo/sa/a', 'foreign_trust_domain'],
    ['x/ns/foo/sa/a', 'foreign_trust_domain'],
    ['', 'no_rule_allowed'],
  ] as const) {
    it(`answers ${want} to ${principal || 'nobody'}`, () => assert.equal(ask({ principal }).reason, want));
  }
});
