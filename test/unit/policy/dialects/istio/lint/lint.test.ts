import assert from 'node:assert/strict';
import { usualDialect } from '../../../../../../src/policy/dialects/contribution.ts';
import { loadPolicies } from '../../../../../../src/policy/load.ts';
import { readPolicies } from '../../../../../../src/policy/read-policies.ts';

const STRICT =
  'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: m, namespace: istio-system}\nspec: {mtls: {mode: STRICT}}\n';
const TOKENS =
  'apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: r, namespace: foo}\nspec: {jwtRules: [{issuer: i}]}\n';

const policy = (spec: string): string =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a, namespace: foo}\nspec: ${spec}\n`;

function warnings(text: string): string[] {
  const file = readPolicies('a.yaml', text, usualDialect);
  const set = loadPolicies([file], { generation: 1, absence: 'upstream', rootNamespace: 'istio-system' });
  assert.deepEqual(
    set.findings.filter(({ severity }) => severity === 'error'),
    [],
  );
  return set.findings.map(({ code }) => code);
}

const operation = (fields: string): string => `{rules: [{to: [{operation: {${fields}}}]}]}`;
const source = (fields: string): string => `{rules: [{from: [{source: {${fields}}}]}]}`;
const when = (key: string, value: string): string => `{rules: [{when: [{key: "${key}", values: ["${value}"]}]}]}`;

const ec = (crv: string, alg?: string): object => ({ kty: 'EC', crv, x: 'AA', y: 'AA', ...(alg && { alg }) });

describe('lint of Istio policies', () => {
  const values: readonly [spec: string, want: string | undefined][] = [
    [operation('paths: [/a, /b*, "*/c", "*", "/d/{*}", "//e", "/f;x", "/g%2fh"]'), undefined],
    [operation('paths: ["/a*b"]'), 'star-in-the-middle'],
    [operation('paths: ["*/a/*"]'), 'two-stars'],
    [operation('paths: [a]'), 'path-unreachable'],
    [operation('paths: ["/a?b=c"]'), 'path-unreachable'],
    [operation('paths: ["/a#b"]'), 'path-unreachable'],
    [operation('paths: ["/a/../b"]'), 'path-unreachable'],
    [operation('paths: ["/a/./b"]'), 'path-unreachable'],
    [operation('paths: ["/a\\\\b"]'), 'path-unreachable'],
    [operation('paths: ["/%61dmin"]'), 'path-unreachable'],
    [operation('paths: ["/a/.*"]'), 'looks-like-regex'],
    [operation('hosts: ["shop.*"]'), undefined],
    [when('request.headers[x-version]', 'v1.*'), undefined],
    [operation('hosts: ["[a-z]*.shop"]'), 'looks-like-regex'],
    [operation('hosts: [".*"]'), 'looks-like-regex'],
    [operation('hosts: ["[your-host]"]'), undefined],
    [operation('paths: ["^/a"]'), 'looks-like-regex'],
    [operation('paths: ["/a/[0-9]"]'), 'looks-like-regex'],
    [operation('paths: ["a/{*}"]'), 'path-template-start'],
    [operation('paths: ["/a "]'), 'stray-blank'],
    [operation('methods: [GET, "P*"]'), undefined],
    [operation('methods: [get]'), 'method-case'],
    [operation('hosts: [a.com, "A.com", "*.b.com", "a.com:*"]'), undefined],
    [operation('hosts: ["*.a.com:*"]'), 'host-two-stars'],
    [source('principals: [cluster.local/ns/a/sa/b, "*/sa/c", "cluster.local/*", "*"]'), undefined],
    [source('principals: ["spiffe://cluster.local/ns/a/sa/b"]'), 'principal-scheme'],
    [source('principals: [a]'), 'principal-form'],
    [source('principals: ["cluster.local/ns/*/sa/b"]'), 'star-in-the-middle'],
    [source('ipBlocks: ["10.0.0.0/8", "1.2.3.4", "::/0"]'), undefined],
    [source('ipBlocks: ["10.1.2.3/8"]'), 'address-host-bits'],
    [source('ipBlocks: ["::ffff:1.2.3.4"]'), 'address-mapped'],
    [source('ipBlocks: ["fe80::1%eth0"]'), 'address-zone'],
    [source('trustDomains: ["spiffe:a"]'), 'principal-scheme'],
    [when('connection.sni', 'A.com'), 'sni-case'],
    [when('request.headers.a[b]', 'x'), 'key-unreadable'],
    [`${when('request.auth.claims[a][]', 'x')}\n---\n${TOKENS}`, 'key-unreadable'],
    [when('request.headers[x]', 'a*b'), 'star-in-the-middle'],
    [`${source('requestPrincipals: [i/s, "i/*", "*"]')}\n---\n${TOKENS}`, undefined],
    [`${source('requestPrincipals: ["https://accounts.example*"]')}\n---\n${TOKENS}`, 'request-principal-split'],
    [`${source('requestPrincipals: ["*/*"]')}\n---\n${TOKENS}`, 'request-principal-split'],
    [`${source('requestPrincipals: [issuer]')}\n---\n${TOKENS}`, 'request-principal-split'],
    [`${when('request.auth.claims[admin]', 'true')}\n---\n${TOKENS}`, 'claim-type'],
    [`${when('request.auth.claims[level]', '3')}\n---\n${TOKENS}`, 'claim-type'],
  ];
  for (const [spec, want] of values) {
    it(`${want ?? 'says nothing'}: ${spec.replaceAll(/\s+/g, ' ').slice(0, 90)}`, () =>
      assert.deepEqual(warnings(policy(spec)), want === undefined ? [] : [want]));
  }

  const rules: readonly [name: string, spec: string, want: readonly string[]][] = [
    ['negation in an ALLOW', `${operation('notPaths: ["/a*"]')}`, ['negative-match-in-allow']],
    [
      'an exact path in a DENY',
      '{action: DENY, rules: [{to: [{operation: {paths: [/a], ports: ["80"]}}]}]}',
      ['exact-path-in-deny'],
    ],
    ['a DENY of HTTP fields', '{action: DENY, rules: [{to: [{operation: {paths: ["/a*"]}}]}]}', ['deny-widens-on-tcp']],
    [
      'a DENY that widens in part',
      '{action: DENY, rules: [{from: [{source: {ipBlocks: ["1.1.1.1"]}}], to: [{operation: {methods: [GET]}}]}]}',
      ['deny-widens-on-tcp'],
    ],
    ['a DENY with ports', '{action: DENY, rules: [{to: [{operation: {paths: ["/a*"], ports: ["80"]}}]}]}', []],
    ['a DENY of addresses', '{action: DENY, rules: [{from: [{source: {ipBlocks: ["1.1.1.1"]}}]}]}', []],
    ['a DENY of everything', '{action: DENY, rules: [{}]}', []],
    ['an empty from', '{rules: [{from: []}]}', ['empty-from']],
    ['an empty to', '{rules: [{to: []}]}', ['empty-to']],
    [
      'a rule written twice',
      '{rules: [{to: [{operation: {ports: ["1"]}}]}, {to: [{operation: {ports: ["1"]}}]}]}',
      ['duplicate-rule'],
    ],
    ['a rule beside one that holds always', '{rules: [{to: [{operation: {ports: ["1"]}}]}, {}]}', ['shadowed-rule']],
    [
      'two rules beside one that holds always: one cause',
      '{rules: [{to: [{operation: {ports: ["1"]}}]}, {to: [{operation: {ports: ["2"]}}]}, {}]}',
      ['shadowed-rule'],
    ],
    [
      'an ALLOW of what has no such header',
      '{rules: [{when: [{key: "request.headers[x-user]", notValues: ["*"]}], from: [{source: {namespaces: [a]}}]}]}',
      [],
    ],
    [
      'a stray dash',
      '{rules: [{from: [{source: {principals: [cluster.local/ns/a/sa/b]}}]}, {to: [{operation: {methods: [GET]}}]}]}',
      ['split-rule'],
    ],
    ['a selector without labels', '{selector: {}}', ['selector-without-labels']],
    ['targets', '{targetRefs: [{group: "", kind: Service, name: a}]}', ['target-ref-ignored']],
    ['an unknown provider', '{action: CUSTOM, provider: {name: x}, rules: [{}]}', ['provider-unavailable']],
    ['a token that nobody reads', source('requestPrincipals: ["*"]'), ['token-without-authentication']],
  ];
  for (const [name, spec, want] of rules) {
    it(`speaks of ${name}: ${want.join() || 'nothing'}`, () => assert.deepEqual(warnings(policy(spec)), want));
  }

  const keys: readonly [name: string, keys: readonly object[], want: readonly string[]][] = [
    ['a key of the curve that its algorithm wants', [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', alg: 'ES256' }], []],
    ['a key beside one that cannot be used', [ec('P-384', 'ES256'), ec('P-256')], []],
    ['a key of another curve', [ec('P-384', 'ES256')], ['jwks-unusable']],
    ['an RSA key for HMAC', [{ kty: 'RSA', n: 'AA', e: 'AQAB', alg: 'HS256' }], ['jwks-unusable']],
    ['an X25519 key', [{ kty: 'OKP', crv: 'X25519', x: 'AA' }], ['jwks-unusable']],
    ['no key at all', [], ['jwks-empty']],
  ];
  for (const [name, jwks, want] of keys) {
    it(`speaks of ${name}: ${want.join() || 'nothing'}`, () => {
      const text = JSON.stringify(JSON.stringify({ keys: jwks }));
      assert.deepEqual(
        warnings(
          `${TOKENS.replace('{issuer: i}', `{issuer: i, jwks: ${text}}`)}---\n${policy(source('requestPrincipals: ["*"]'))}`,
        ),
        want,
      );
    });
  }

  it('speaks of two providers that may meet at one workload', () => {
    const custom = (name: string, provider: string, selector = '{}'): string =>
      policy(
        `{action: CUSTOM, provider: {name: ${provider}}, rules: [{}]${selector === '{}' ? '' : `, selector: ${selector}`}}`,
      ).replace('name: a', `name: ${name}`);
    const of = (...texts: string[]): string[] =>
      warnings(texts.join('---\n')).filter((code) => code === 'several-providers');
    assert.deepEqual(of(custom('a', 'x'), custom('b', 'z', '{matchLabels: {app: b}}')), ['several-providers']);
    assert.deepEqual(of(custom('a', 'x'), custom('b', 'x')), []);
    assert.deepEqual(of(custom('a', 'x', '{matchLabels: {app: a}}'), custom('b', 'z', '{matchLabels: {app: b}}')), []);
  });

  describe('identity without mTLS', () => {
    const deny = policy('{action: DENY, rules: [{from: [{source: {namespaces: [bar]}}]}]}');
    const peer = (spec: string, name = 'p'): string =>
      `apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: ${name}, namespace: foo}\nspec: ${spec}\n`;
    const cases: readonly [name: string, text: string, want: readonly string[]][] = [
      ['a DENY by identity', deny, ['identity-without-mtls']],
      ['a DENY by identity in a STRICT mesh', `${deny}---\n${STRICT}`, []],
      [
        'a DENY by identity where the namespace weakens the mesh',
        `${deny}---\n${STRICT}---\n${peer('{mtls: {mode: PERMISSIVE}}')}`,
        ['identity-without-mtls'],
      ],
      [
        'a DENY by identity where a workload weakens it',
        `${deny}---\n${STRICT}---\n${peer('{selector: {matchLabels: {a: b}}, mtls: {mode: DISABLE}}')}`,
        ['identity-without-mtls', 'mtls-disable'],
      ],
      ['a DENY by identity in a STRICT namespace', `${deny}---\n${peer('{mtls: {mode: STRICT}}')}`, []],
      [
        'a DENY for one workload that is STRICT in a PERMISSIVE namespace',
        `${policy('{selector: {matchLabels: {a: b, c: d}}, action: DENY, rules: [{from: [{source: {namespaces: [bar]}}]}]}')}---\n${peer('{mtls: {mode: PERMISSIVE}}')}---\n${peer('{selector: {matchLabels: {a: b}}, mtls: {mode: STRICT}}', 'w')}`,
        [],
      ],
      [
        'an ALLOW by negation',
        policy('{rules: [{from: [{source: {notNamespaces: [bar]}}]}]}'),
        ['identity-without-mtls', 'negative-match-in-allow'],
      ],
      ['an ALLOW by identity', policy('{rules: [{from: [{source: {namespaces: [bar]}}]}]}'), []],
      [
        'a DENY of what has no identity',
        policy('{action: DENY, rules: [{from: [{source: {notPrincipals: ["*"]}}]}]}'),
        [],
      ],
    ];
    for (const [name, text, want] of cases) {
      it(`speaks of ${name}: ${want.join() || 'nothing'}`, () => assert.deepEqual(warnings(text).sort(), want));
    }
  });

  it('says nothing of rules beside each other while one of them is not what was meant', () => {
    const rule = (method: string): string =>
      `{to: [{operation: {methods: [${method}]}}], when: [{key: destination.service.name, values: [a]}]}`;
    const { findings } = readPolicies('a.yaml', policy(`{rules: [${rule('GET')}, ${rule('PUT')}]}`), usualDialect);
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['key-unknown', 'key-unknown'],
    );
  });
});
