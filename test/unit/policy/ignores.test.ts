import assert from 'node:assert/strict';
import { usualDialect } from '../../../src/policy/dialects/contribution.ts';
import { applyIgnores } from '../../../src/policy/ignores.ts';
import { type PolicyFile, readPolicies } from '../../../src/policy/read-policies.ts';

const read = (text: string): PolicyFile => readPolicies('a.yaml', text, usualDialect);
const outcome = (text: string, by: Partial<Parameters<typeof applyIgnores>[2]> = {}) => {
  const { findings, ignores } = read(text);
  const { kept, ignored } = applyIgnores(findings, ignores, { ignoreBy: undefined, ownerOf: () => undefined, ...by });
  const shown = (each: readonly { line: number; code: string }[]): string[] =>
    each.map(({ line, code }) => `${line} ${code}`);
  return { kept: shown(kept), ignored: shown(ignored) };
};

/** A policy with two odd methods on lines 8 and 11. */
const policy = (
  remark: { head?: string; annotations?: string; rule?: string; value?: string; trailing?: string } = {},
) =>
  `${remark.head ?? '#'}
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a, namespace: x${remark.annotations ?? ''} }
spec:
  rules:
  ${remark.rule ?? '#'}
  - to: [{ operation: { methods: [get], ports: ["80"] } }]
  - to:
    ${remark.value ?? '#'}
    - operation: { methods: [post], ports: ["80"] } ${remark.trailing ?? ''}
`;

describe('applyIgnores', () => {
  const all = ['8 method-case', '11 method-case'];
  const tables: { name: string; text: string; kept: string[]; ignored: string[] }[] = [
    { name: 'no ignore', text: policy(), kept: all, ignored: [] },
    {
      name: 'a comment before the document, for all of it',
      text: policy({ head: '# gatehouse:ignore method-case our client sends it so' }),
      kept: [],
      ignored: all,
    },
    {
      name: 'a comment above a list entry, for that entry',
      text: policy({ rule: '# gatehouse:ignore method-case our client sends it so' }),
      kept: ['11 method-case'],
      ignored: ['8 method-case'],
    },
    {
      name: 'a comment deeper inside',
      text: policy({ value: '#gatehouse:ignore method-case: known' }),
      kept: ['8 method-case'],
      ignored: ['11 method-case'],
    },
    {
      name: 'a comment behind the line',
      text: policy({ trailing: '# gatehouse:ignore method-case known' }),
      kept: ['8 method-case'],
      ignored: ['11 method-case'],
    },
    {
      name: 'an annotation',
      text: policy({ annotations: ', annotations: { gatehouse.dev/ignore: method-case known }' }),
      kept: [],
      ignored: all,
    },
    {
      name: 'several codes, and several entries',
      text: policy({
        annotations: ', annotations: { gatehouse.dev/ignore: "shadowed-rule known; sni-case, method-case so it is" }',
      }),
      kept: [],
      ignored: all,
    },
    {
      name: 'another code',
      text: policy({ head: '# gatehouse:ignore sni-case known' }),
      kept: all,
      ignored: [],
    },
    {
      name: 'a code that does not exist',
      text: policy({ head: '# gatehouse:ignore metod-case known' }),
      kept: ['1 ignore-unreadable', ...all],
      ignored: [],
    },
    {
      name: 'no code',
      text: policy({ head: '# gatehouse:ignore' }),
      kept: ['1 ignore-unreadable', ...all],
      ignored: [],
    },
    {
      name: 'no reason: obeyed, and told',
      text: policy({ head: '# gatehouse:ignore method-case' }),
      kept: ['1 ignore-without-reason'],
      ignored: all,
    },
    {
      name: 'a text that only looks like a comment',
      text: policy({ annotations: ', annotations: { note: "# gatehouse:ignore method-case known" }' }),
      kept: all,
      ignored: [],
    },
    {
      name: 'a comment above the separator, where no document is',
      text: `# gatehouse:ignore method-case known\n---\n${policy().slice(2)}`,
      kept: ['1 ignore-unreadable', '9 method-case', '12 method-case'],
      ignored: [],
    },
    {
      name: 'an error, which stays',
      text: policy({ head: '# gatehouse:ignore unknown-field known' }).replace('rules:', 'rule:'),
      kept: ['1 ignore-refused', '6 unknown-field'],
      ignored: [],
    },
    {
      name: 'the document before does not count',
      text: `${policy({ head: '# gatehouse:ignore method-case known' })}---\n${policy().replace('name: a', 'name: b')}`,
      kept: ['20 method-case', '23 method-case'],
      ignored: all,
    },
    {
      name: 'list entries that are not indented, under the comment of their key',
      text: policy().replace('  rules:', '  # gatehouse:ignore method-case known\n  rules:'),
      kept: [],
      ignored: ['9 method-case', '12 method-case'],
    },
  ];
  for (const { name, text, kept, ignored } of tables)
    it(name, () => assert.deepEqual(outcome(text), { kept, ignored }));

  it('reads the annotations of JSON, in a list on one line, each for its own document', () => {
    const one = (name: string, annotations: object) => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name, namespace: 'x', annotations },
      spec: { rules: [{ to: [{ operation: { methods: ['get'], ports: ['80'] } }] }] },
    });
    const items = [one('a', {}), one('b', { 'gatehouse.dev/ignore': 'method-case known' }), one('c', {})];
    const { kept, ignored } = outcome(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    assert.deepEqual([kept, ignored], [['1 method-case', '1 method-case'], ['1 method-case']]);
  });

  it('obeys only owners whom policies.ignoreBy names, and says so', () => {
    const text = policy({ head: '# gatehouse:ignore method-case known' });
    const owned = (owner: string | undefined) => ({ ignoreBy: ['platform'], ownerOf: () => owner });
    assert.deepEqual(outcome(text, owned('platform')), { kept: [], ignored: all });
    assert.deepEqual(outcome(text, owned('shop')), { kept: ['1 ignore-not-obeyed', ...all], ignored: [] });
    assert.deepEqual(outcome(text, owned(undefined)), { kept: ['1 ignore-not-obeyed', ...all], ignored: [] });
    assert.deepEqual(outcome(text, { ignoreBy: [] }).ignored, []);
  });
});
