import assert from 'node:assert/strict';
import { createLintScene } from '../../../../src/analysis/lint/scene/lint-scene.ts';
import { unsaidByProxy } from '../../../../src/analysis/lint/unsaid-by-proxy.ts';
import type { CallerName } from '../../../../src/authz/http/dialect.ts';
import { cannotSay } from '../../../../src/authz/http/unsaid-facts.ts';
import { unguarded } from '../../../../src/authz/question.ts';
import type { FactName } from '../../../../src/policy/rules/needed-fact.ts';
import { modelOf } from '../../../support/model-of.ts';

const policy = (name: string, rule: string, more = ''): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: shop${more} }
spec: { action: DENY, rules: [${rule}] }
---
`;
const documents = [
  policy('ports', '{ to: [{ operation: { paths: [/a] } }] }, { to: [{ operation: { ports: ["9000"] } }] }'),
  policy('names', '{ when: [{ key: connection.sni, values: [a] }] }'),
  policy('odd-header', '{ when: [{ key: "request.headers[x_role]", values: [a] }] }'),
  policy('header', '{ when: [{ key: "request.headers[x-role]", values: [a] }] }'),
  policy('metadata', '{ when: [{ key: "experimental.envoy.filters.a.b[c]", values: [d] }] }'),
  policy(
    'callers',
    '{ from: [{ source: { principals: [a], remoteIpBlocks: [10.0.0.0/8], ipBlocks: [10.0.0.0/8] } }] }',
  ),
  policy('rehearsed', '{ to: [{ operation: { ports: ["9000"] } }] }', ', annotations: { istio.io/dry-run: "true" }'),
].join('');

function told(proxy: CallerName | undefined): readonly string[] {
  const model = modelOf(documents, { planes: { calico: 'off', l4: 'enforce' } });
  const deps = { model, strict: model, options: unguarded, trustDomain: 'cluster.local', ownerOf: () => undefined };
  const scene = createLintScene({ ...deps, ...(proxy && { proxy }) });
  return unsaidByProxy(scene).map(({ message }) => /shop\/(\S+)/.exec(message)![1]!);
}

describe('what a proxy does not say', () => {
  const wanted: readonly (readonly [proxy: CallerName | undefined, policies: readonly string[]])[] = [
    [undefined, []],
    ['nginx', ['odd-header', 'metadata']],
    ['caddy', ['odd-header', 'metadata']],
    ['haproxy', ['metadata']],
    ['envoy', ['metadata']],
    ['traefik', ['ports', 'names', 'metadata']],
  ];
  for (const [proxy, policies] of wanted)
    it(`is told of ${proxy ?? 'none'}: ${policies.join(', ')}`, () =>
      assert.deepEqual([...told(proxy)].sort(), [...policies].sort()));

  const fixes: readonly (readonly [proxy: CallerName, fact: FactName, fix: RegExp | undefined])[] = [
    ['nginx', 'header x_a', /underscores_in_headers on/],
    ['traefik', 'destination.port', /let an Envoy ask/],
    ['traefik', 'source.ip', undefined],
    ['traefik', 'source.principal', undefined],
    ['envoy', 'header x_a', undefined],
  ];
  for (const [proxy, fact, fix] of fixes)
    it(`comes with what to do: ${proxy} ${fact}`, () => {
      const said = cannotSay(proxy, fact);
      assert.equal(said === undefined, fix === undefined);
      if (fix !== undefined) assert.match(said!, fix);
    });
});
