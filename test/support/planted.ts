/**
 * Faults planted into documents: each code must be told in every one of its variants, and of no innocent neighbour.
 * @module
 */
import assert from 'node:assert/strict';
import type { Finding } from '../../src/policy/documents/finding.ts';
import { loadPolicies } from '../../src/policy/load.ts';
import { readPolicies } from '../../src/policy/read-policies.ts';

/** One fault, in other words each time. */
export interface Planted {
  readonly code: string;
  readonly faults: Readonly<Record<string, string>>;
  /** Documents of which the code may not be told; other codes may. */
  readonly innocent: Readonly<Record<string, string>>;
}

export const mesh = {
  trustDomain: 'cluster.local',
  trustDomainAliases: ['old.example'],
  rootNamespace: 'istio-system',
  customProviders: { oauth: 'envoy' },
} as const;

/** What `policy check` says of a text; a text with errors fails the test. */
export function checked(text: string): readonly Finding[] {
  const set = loadPolicies([readPolicies('a.yaml', text, mesh)], {
    generation: 1,
    absence: 'upstream',
    rootNamespace: mesh.rootNamespace,
  });
  assert.deepEqual(
    set.findings.filter(({ severity }) => severity === 'error'),
    [],
    text,
  );
  return set.findings;
}

/** Makes a test of every fault and every neighbour. */
export function testPlanted(rows: readonly Planted[], find: (text: string) => readonly Finding[]): void {
  for (const { code, faults, innocent } of rows) {
    describe(code, () => {
      for (const [name, text] of Object.entries(faults))
        it(`is told once of ${name}`, () => {
          const told = find(text);
          const own = told.filter((finding) => finding.code === code);
          assert.equal(own.length, 1, JSON.stringify(told, undefined, 1));
          assert.ok(own.every(({ line, message, fix }) => line > 0 && message !== '' && fix !== ''));
        });
      for (const [name, text] of Object.entries(innocent))
        it(`is not told of ${name}`, () =>
          assert.deepEqual(
            find(text).filter((finding) => finding.code === code),
            [],
          ));
    });
  }
}

/** An AuthorizationPolicy with this spec (YAML in flow form). */
export const istioPolicy = (spec: string, name = 'viewer', namespace = 'shop'): string =>
  `---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`;

/** A RequestAuthentication with this spec. */
export const tokens = (spec: string, name = 'tokens', namespace = 'shop'): string =>
  `---\napiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`;

/** Calico's policy with this spec; a namespaced one if a namespace is given. */
export const calicoPolicy = (spec: string, name = 'guard', namespace = ''): string =>
  `---\napiVersion: projectcalico.org/v3\nkind: ${namespace === '' ? 'Global' : ''}NetworkPolicy\nmetadata: { name: ${name}${namespace === '' ? '' : `, namespace: ${namespace}`} }\nspec: ${spec}\n`;

/** A Kubernetes NetworkPolicy with this spec. */
export const networkPolicy = (spec: string, name = 'web', namespace = 'shop'): string =>
  `---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`;
