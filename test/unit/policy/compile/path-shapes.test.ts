import assert from 'node:assert/strict';
import { compileSnapshot } from '../../../../src/policy/compile/compile-snapshot.ts';
import { modelOf } from '../../../support/model-of.ts';
import { plainFacts } from '../../../support/plain-facts.ts';

describe('the shape of a path of which no policy speaks', () => {
  const empty = compileSnapshot(modelOf(''), { allowEmpty: true });
  const cases: readonly (readonly [path: string, want: string])[] = [
    ['/', '/'],
    ['/reviews/1', '/reviews/{*}'],
    ['/reviews/1/', '/reviews/{*}/'],
    ['/users/6f1c2b1e-8f3a-4d4e-9a57-0b7c6d2f1a90/orders/77', '/users/{*}/orders/{*}'],
    ['/blobs/9e107d9d372bb6826bd81d3542a419d6', '/blobs/{*}'],
    ['/t/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/t/{*}'],
    ['/v1/items', '/v1/items'],
    ['/api/v2beta1/deadline', '/api/v2beta1/deadline'],
    ['/pkg.Service/Method', '/pkg.Service/Method'],
    ['/a-long-name-of-words-alone', '/a-long-name-of-words-alone'],
    ['/1;x/2', '/1;x/{*}'],
    ['/a*', '=/a*'],
    ['*', '=*'],
    ['/{*}', '=/{*}'],
    ['/caf\u00e9/1', '=/caf\u00e9/1'],
    ['', '='],
    ['/"quoted"/1', '/"quoted"/1'],
  ];
  for (const [path, want] of cases)
    it(`says ${want} of ${path}`, () => assert.equal(empty.shapeOf?.(plainFacts({ path })), want));
});

describe('the shape of a path', () => {
  const policy = (name: string, namespace: string, labels: string, paths: string): string =>
    `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: ${namespace} }
spec: { action: ALLOW, selector: { matchLabels: ${labels} }, rules: [{ to: [{ operation: { paths: ${paths} } }] }] }
---
`;
  const snapshot = compileSnapshot(
    modelOf(
      policy(
        'own',
        'default',
        '{ app: details }',
        '["/items/42", "/items/{*}", "/api/*", "/api/v1/*", "*.css", "/*"]',
      ) +
        policy('other', 'default', '{ app: web }', '["/other/*"]') +
        policy('elsewhere', 'shop', '{ app: details }', '["/shop/*"]'),
    ),
    { allowEmpty: false },
  );
  const cases: readonly (readonly [path: string, want: string])[] = [
    ['/items/42', '/items/42'],
    ['/items/43', '/items/{*}'],
    ['/items/x', '/items/{*}'],
    ['/api/v1/users/5', '/api/v1/*'],
    ['/api/users/5', '/api/*'],
    ['/a/b.css', '*.css'],
    ['/other/5', '/other/{*}'],
    ['/shop/a', '/shop/a'],
  ];
  for (const [path, want] of cases)
    it(`is ${want} for ${path}: patterns of that workload, and no others`, () =>
      assert.equal(snapshot.shapeOf?.(plainFacts({ path })), want));
});
