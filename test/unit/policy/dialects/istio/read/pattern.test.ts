import assert from 'node:assert/strict';
import {
  headerPattern,
  hostPattern,
  namespacePattern,
  pathPattern,
  principalPattern,
  requestPrincipalPatterns,
  serviceAccountPattern,
  stringPattern,
  trustDomainPattern,
} from '../../../../../../src/policy/dialects/istio/read/pattern.ts';
import type { TextPattern } from '../../../../../../src/policy/model.ts';

const exact = (value: string): TextPattern => ({ is: 'exact', value });
const prefix = (value: string): TextPattern => ({ is: 'prefix', value });
const suffix = (value: string): TextPattern => ({ is: 'suffix', value });
const nonEmpty: TextPattern = { is: 'nonEmpty' };

describe('patterns of Istio values', () => {
  const table: readonly { of: string; make: (value: string) => TextPattern; rows: readonly [string, TextPattern][] }[] =
    [
      {
        of: 'strings',
        make: stringPattern,
        rows: [
          ['a', exact('a')],
          ['*', nonEmpty],
          ['*a', suffix('a')],
          ['a*', prefix('a')],
          ['*a*', suffix('a*')],
          ['**', suffix('*')],
          ['a*b', exact('a*b')],
          ['é', exact('\xc3\xa9')],
        ],
      },
      { of: 'headers and methods', make: headerPattern, rows: [['*', { is: 'present' }], ['GET', exact('GET')], ['P*', prefix('P')]] }, // biome-ignore format: a row
      {
        of: 'hosts',
        make: hostPattern,
        rows: [
          ['*', { is: 'present' }],
          ['A.com', { is: 'exact', value: 'A.com', ignoreCase: true }],
          ['*.a.com', { is: 'suffix', value: '.a.com', ignoreCase: true }],
          ['a.com:*', { is: 'prefix', value: 'a.com:', ignoreCase: true }],
          ['*.a.com:*', { is: 'suffix', value: '.a.com:*', ignoreCase: true }],
        ],
      },
      {
        of: 'paths',
        make: pathPattern,
        rows: [
          ['*', nonEmpty],
          ['/a*', prefix('/a')],
          ['/a/{*}', { is: 'template', text: '/a/{*}' }],
          ['/a/{**}', { is: 'template', text: '/a/{**}' }],
          ['/a/*', prefix('/a/')],
        ],
      },
      {
        of: 'principals',
        make: principalPattern,
        rows: [
          ['*', nonEmpty],
          ['td/ns/a/sa/b', exact('spiffe://td/ns/a/sa/b')],
          ['td/*', prefix('spiffe://td/')],
          ['*/sa/b', { is: 'glob', parts: ['spiffe://', '/sa/b'] }],
          ['*/ns/a/*', { is: 'glob', parts: ['spiffe://', '/ns/a/*'] }],
        ],
      },
      {
        of: 'namespaces',
        make: namespacePattern,
        rows: [
          ['a', { is: 'glob', parts: ['', '/ns/a/', ''] }],
          ['a*', { is: 'glob', parts: ['', '/ns/a', '/', ''] }],
          ['*', { is: 'glob', parts: ['', '/ns/', '/', ''] }],
          ['a*b*c', { is: 'glob', parts: ['', '/ns/a', 'b', 'c/', ''] }],
        ],
      },
      {
        of: 'service accounts',
        make: (value) => serviceAccountPattern(value, 'own'),
        rows: [
          ['a', { is: 'serviceAccount', namespace: 'own', serviceAccount: 'a' }],
          ['n/a', { is: 'serviceAccount', namespace: 'n', serviceAccount: 'a' }],
        ],
      },
      {
        of: 'trust domains',
        make: trustDomainPattern,
        rows: [
          ['*', prefix('spiffe://')],
          ['a.b', prefix('spiffe://a.b/')],
          ['a*', { is: 'glob', parts: ['spiffe://a', '/', ''], within: 'segment' }],
          ['*b', { is: 'glob', parts: ['spiffe://', 'b/', ''], within: 'segment' }],
          ['a/ns/b*', { is: 'glob', parts: ['spiffe://a/ns/b', '/', ''], within: 'segment' }],
        ],
      },
    ];
  for (const { of, make, rows } of table) {
    for (const [value, want] of rows) {
      it(`reads ${JSON.stringify(value)} among ${of}`, () => assert.deepEqual(make(value), want));
    }
  }

  const principals: readonly [value: string, issuer: TextPattern, subject: TextPattern][] = [
    ['*', nonEmpty, nonEmpty],
    ['iss/sub', exact('iss'), exact('sub')],
    ['https://iss/sub', exact('https://iss'), exact('sub')],
    ['iss/*', exact('iss'), nonEmpty],
    ['iss/pre*', exact('iss'), prefix('pre')],
    ['*/sub', nonEmpty, exact('sub')],
    ['*suf/sub', suffix('suf'), exact('sub')],
    ['*suf', nonEmpty, suffix('suf')],
    ['pre*', prefix('pre'), nonEmpty],
    ['iss', exact('iss'), exact('')],
    ['https://iss*', exact('https:/'), prefix('iss')],
    ['*/*', nonEmpty, exact('*')],
  ];
  for (const [value, issuer, subject] of principals) {
    it(`splits the request principal ${value}`, () =>
      assert.deepEqual(requestPrincipalPatterns(value), { issuer, subject }));
  }
});
