import assert from 'node:assert/strict';
import { usualDialect } from '../../../../../src/policy/dialects/contribution.ts';
import { readPolicies } from '../../../../../src/policy/read-policies.ts';

const policy = (name: string): string =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: ${name}, namespace: default }\nspec: { action: DENY, rules: [{}] }\n`;
const json = (name: string): string =>
  JSON.stringify({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace: 'default' },
    spec: { action: 'DENY', rules: [{}] },
  });

/** What is wrong, and the errors that say so. */
const cases: readonly { readonly name: string; readonly text: string; readonly want: readonly string[] }[] = [
  { name: 'two documents of JSON', text: `${json('a')}\n${json('b')}\n`, want: ['2:1 yaml-syntax'] },
  { name: 'two documents of JSON on one line', text: `${json('a')}${json('b')}`, want: ['1:151 yaml-syntax'] },
  { name: 'a document behind the end of one', text: `${policy('a')}...\n${policy('b')}`, want: ['6:1 yaml-syntax'] },
  { name: 'two documents in one', text: policy('a') + policy('b'), want: ['6:1 documents-joined'] },
  {
    name: 'two documents in one of a list',
    text: `apiVersion: v1\nkind: List\nitems:\n- ${(policy('a') + policy('b')).trimEnd().replaceAll('\n', '\n  ')}\n`,
    want: ['9:3 documents-joined'],
  },
  {
    name: 'brackets that nobody quoted',
    text: `${policy('a')}x: { key: Request.Headers[x], values: [a] }\n`,
    want: ['5:26 yaml-syntax'],
  },
  { name: 'lines that end in carriage returns', text: policy('a').replaceAll('\n', '\r'), want: ['1:33 yaml-syntax'] },
  { name: 'a carriage return in JSON', text: json('a').replace('"spec"', '\r"spec"'), want: ['1:113 yaml-syntax'] },
  {
    name: 'a carriage return in a comment',
    text: policy('a').replace('spec', '# all\r  x: y\nspec'),
    want: ['4:6 yaml-syntax'],
  },
  ...['\u0085', '\u2028', '\u2029'].map((odd) => ({
    name: `a comment that U+${odd.charCodeAt(0).toString(16)} ends for others`,
    text: policy('a').replace('spec: {', `spec: { # all${odd}selector: {},\n `),
    want: ['4:14 yaml-syntax'],
  })),
  {
    name: 'an apiVersion that is no text',
    text: policy('a').replace('security.istio.io/v1', '1'),
    want: ['1:13 api-version-missing'],
  },
  {
    name: 'a kind that is no text',
    text: policy('a').replace('AuthorizationPolicy', '[a]'),
    want: ['2:7 kind-missing'],
  },
];

describe('what cannot be read', () => {
  for (const { name, text, want } of cases) {
    it(`is one error with its place: ${name}`, () => {
      const errors = readPolicies('p.yaml', text, usualDialect).findings.filter(({ severity }) => severity === 'error');
      assert.deepEqual(
        errors.map(({ line, column, code }) => `${line}:${column} ${code}`),
        want,
      );
    });
  }

  it('takes line feeds behind carriage returns, and JSON as it comes', () => {
    const odd = json('a')
      .replace('"spec"', '\r\n"spec"')
      .replace('"namespace"', '"annotations":{"x":"\u2028"},"namespace"');
    for (const text of [policy('a').replaceAll('\n', '\r\n'), odd])
      assert.equal(readPolicies('p.yaml', text, usualDialect).hasErrors, false);
  });
});
