import assert from 'node:assert/strict';
import { usualDialect } from '../../../../src/policy/dialects/contribution.ts';
import { readPolicies } from '../../../../src/policy/read-policies.ts';

const policy = (metadata: string, spec = 'action: DENY, rules: [{}]'): string =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: a, namespace: default, ${metadata} }\nspec: { ${spec} }\n`;
const when = (key: string): string =>
  policy(
    'labels: {}',
    `action: DENY, rules: [{ to: [{ operation: { ports: ["80"] } }], when: [{ key: "${key}", values: [a] }] }]`,
  );

/** A document, and the warnings of it. */
const cases: readonly { readonly name: string; readonly text: string; readonly want: readonly string[] }[] = [
  {
    name: 'a dry run with a slip',
    text: policy('annotations: { istio.io/dryrun: "true" }'),
    want: ['annotation-misspelt metadata.annotations.istio.io/dryrun'],
  },
  {
    name: 'of another case',
    text: policy('annotations: { istio.io/Dry-Run: "true" }'),
    want: ['annotation-misspelt metadata.annotations.istio.io/Dry-Run'],
  },
  {
    name: 'of a slip in its group',
    text: policy('annotations: { isto.io/dry-run: "true" }'),
    want: ['annotation-misspelt metadata.annotations.isto.io/dry-run'],
  },
  {
    name: 'a dry run as a label',
    text: policy('labels: { istio.io/dry-run: "true" }'),
    want: ['annotation-misspelt metadata.labels.istio.io/dry-run'],
  },
  {
    name: 'an owner with a slip',
    text: policy('annotations: { gatehouse.dev/owners: shop }'),
    want: ['annotation-misspelt metadata.annotations.gatehouse.dev/owners'],
  },
  {
    name: 'what others mean',
    text: policy(
      'labels: { istio.io/rev: a, owner: b }, annotations: { istio.io/rev: a, example.com/owner: b, gatehouse.dev/owner: c }',
    ),
    want: [],
  },
  {
    name: 'two headers in one key',
    text: when('request.headers[x][y]'),
    want: ['header-name spec.rules[0].when[0].key'],
  },
  {
    name: 'a header with a blank',
    text: when('request.headers[x y]'),
    want: ['header-name spec.rules[0].when[0].key'],
  },
  {
    name: 'a header with its colon',
    text: when('request.headers[x-token:]'),
    want: ['header-name spec.rules[0].when[0].key'],
  },
  { name: 'a header in quotes', text: when("request.headers['x']"), want: ['key-quotes spec.rules[0].when[0].key'] },
  {
    name: 'a claim in quotes',
    text: when('request.auth.claims[realm][`x`]'),
    want: ['key-quotes spec.rules[0].when[0].key'],
  },
  { name: 'headers that there are', text: when('request.headers[:scheme]'), want: [] },
];

describe('names that mean nothing', () => {
  for (const { name, text, want } of cases) {
    it(`are told: ${name}`, () => {
      const { findings } = readPolicies('p.yaml', text, usualDialect);
      assert.deepEqual(
        findings.filter(({ severity }) => severity !== 'hint').map(({ code, path }) => `${code} ${path}`),
        want,
      );
    });
  }
});
