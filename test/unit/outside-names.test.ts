import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileSnapshot } from '../../src/policy/compile/compile-snapshot.ts';
import { usualDialect } from '../../src/policy/dialects/contribution.ts';
import { joinKindTables } from '../../src/policy/dialects/kind-table.ts';
import { registryKinds } from '../../src/policy/dialects/kubernetes/registry-readers.ts';
import { policyKinds } from '../../src/policy/dialects/table.ts';
import { loadPolicies } from '../../src/policy/load.ts';
import { readPolicies } from '../../src/policy/read-policies.ts';

/** Names that every plain object has, and that nobody put there. */
const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];

describe('names from outside', () => {
  /** Shapes are read by `Object.hasOwn` alone; keys of backups are names that we made; commands are walked, not looked up. */
  const excepted = /Record<string, (?:Shape|CommandGroup)>|^const keys: Record<string, string> = \{\};$/;
  const table =
    /^\s*(?:export )?(const \w+: (?:Readonly<)?(?:Partial<)?Record<string, .*= (?:\{.*|Object\.fromEntries.*))$/;

  it('are looked up in maps: no table by text is a plain object', () => {
    const found = globSync('**/*.ts', { cwd: 'src' })
      .filter((file) => !file.startsWith('gen/'))
      .flatMap((file) =>
        readFileSync(join('src', file), 'utf8')
          .split('\n')
          .flatMap((line, i) => {
            const declared = table.exec(line)?.[1];
            return declared === undefined || excepted.test(declared) ? [] : [`src/${file}:${i + 1}: ${declared}`];
          }),
      );
    assert.deepEqual(found, []);
  });

  /** `name in object` finds what every object inherits; a literal on the left is a name of ours. */
  const asked = /(?<!for \((?:const|let) )(?<![\w.$])([a-z][\w.]*) in ([a-z][\w.]*)\b/;
  const isProse = /^\s*(?:\*|\/[/*])|['"`].*\bin\b.*['"`]|\/\/.*\bin\b|\.$/;

  it('are asked for by Object.hasOwn: `in` is for names of ours', () => {
    const found = globSync('**/*.ts', { cwd: 'src' })
      .filter((file) => !file.startsWith('gen/'))
      .flatMap((file) =>
        readFileSync(join('src', file), 'utf8')
          .split('\n')
          .flatMap((line, i) =>
            asked.test(line) && !isProse.test(line) ? [`src/${file}:${i + 1}: ${line.trim()}`] : [],
          ),
      );
    assert.deepEqual(found, []);
  });

  it('would be found in a plain object', () => {
    assert.ok(table.test('const effects: Readonly<Record<string, Effect>> = {'));
    assert.ok(table.test('  const labels: Record<string, string> = {};'));
    assert.ok(!table.test('const effects: ReadonlyMap<string, Effect> = new Map(Object.entries<Effect>({'));
  });

  const documents: readonly Json[] = [
    { apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', metadata: { name: 'a', namespace: 'x', labels: { a: 'b' }, annotations: { 'istio.io/dry-run': 'false' } }, spec: { selector: { matchLabels: { app: 'web' } }, action: 'DENY', rules: [{ from: [{ source: { principals: ['a'], ipBlocks: ['10.0.0.0/8'] } }], to: [{ operation: { ports: ['80'], paths: ['/a'] } }], when: [{ key: 'source.ip', values: ['10.0.0.1'] }] }] } },
    { apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', metadata: { name: 'c', namespace: 'x' }, spec: { action: 'CUSTOM', provider: { name: 'p' }, rules: [{}] } },
    { apiVersion: 'security.istio.io/v1', kind: 'PeerAuthentication', metadata: { name: 'a', namespace: 'x' }, spec: { selector: { matchLabels: { app: 'web' } }, mtls: { mode: 'STRICT' }, portLevelMtls: { 80: { mode: 'DISABLE' } } } },
    { apiVersion: 'security.istio.io/v1', kind: 'RequestAuthentication', metadata: { name: 'a', namespace: 'x' }, spec: { jwtRules: [{ issuer: 'a', jwks: '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"a"}]}', fromHeaders: [{ name: 'a' }], outputClaimToHeaders: [{ header: 'a', claim: 'b' }], timeout: '5s' }] } },
    { apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkPolicy', metadata: { name: 'a' }, spec: { tier: 't', order: 1, selector: "app == 'web'", types: ['Ingress'], ingress: [{ action: 'Deny', protocol: 'TCP', source: { selector: "a == 'b'", nets: ['10.0.0.0/8'], serviceAccounts: { names: ['a'] } }, destination: { ports: ['http'] } }] } },
    { apiVersion: 'projectcalico.org/v3', kind: 'StagedNetworkPolicy', metadata: { name: 'a', namespace: 'x' }, spec: { stagedAction: 'Set', ingress: [{ action: 'Allow', http: { methods: ['GET'], paths: [{ exact: '/a' }] } }] } },
    { apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name: 't' }, spec: { order: 1, defaultAction: 'Pass' } },
    { apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkSet', metadata: { name: 's', labels: { a: 'b' } }, spec: { nets: ['10.0.0.0/8'] } },
    { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'a', namespace: 'x' }, spec: { podSelector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }, policyTypes: ['Ingress'], ingress: [{ from: [{ namespaceSelector: { matchLabels: { a: 'b' } } }], ports: [{ protocol: 'TCP', port: 'http' }] }] } },
    { apiVersion: 'policy.networking.k8s.io/v1alpha2', kind: 'ClusterNetworkPolicy', metadata: { name: 'a' }, spec: { tier: 'Admin', priority: 1, subject: { namespaces: { matchLabels: { a: 'b' } } }, ingress: [{ name: 'n', action: 'Deny', from: [{ namespaces: {} }], protocols: [{ tcp: { destinationPort: { number: 80 } } }] }] } },
    { apiVersion: 'policy.networking.k8s.io/v1alpha1', kind: 'AdminNetworkPolicy', metadata: { name: 'a' }, spec: { priority: 1, subject: { namespaces: {} }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }], ports: [{ portNumber: { protocol: 'TCP', port: 80 } }] }] } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x', labels: { a: 'b' }, annotations: { 'gatehouse.dev/owner': 'o' } } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a', namespace: 'x', labels: { a: 'b' } } },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'x', labels: { app: 'web' } }, spec: { serviceAccountName: 'a', containers: [{ ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }] }] }, status: { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }] } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a', namespace: 'x' }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }] } },
    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'a', namespace: 'x' }, spec: { template: { metadata: { labels: { app: 'web' } }, spec: { serviceAccountName: 'a' } } } },
  ]; // biome-ignore format: a document a line
  const kinds = joinKindTables(policyKinds, registryKinds);

  for (const [i, document] of documents.entries())
    it(`break no reader and no model: ${String((document as { kind: string }).kind)} ${i}`, () => {
      const rest = documents.filter((_, j) => j !== i).map((each) => JSON.stringify(each));
      const others = readPolicies('others.yaml', rest.join('\n---\n'), { ...usualDialect, kinds });
      for (const name of inherited)
        for (const text of variants(document, name)) {
          const file = readPolicies('a.yaml', text, { ...usualDialect, kinds });
          assert.deepEqual(file.findings.filter(({ code }) => code === 'reader-failed'), [], text); // biome-ignore format: a row
          for (const absence of ['upstream', 'strict'] as const) {
            const { model } = loadPolicies([others, file], { generation: 1, absence, rootNamespace: 'istio-system', planes: { calico: 'enforce', l4: 'enforce' } }); // biome-ignore format: a row
            compileSnapshot(model, { allowEmpty: true });
          }
        }
    });
});

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

/** The document as JSON text, once for each of its keys and texts, with `name` in its place. */
function variants(document: Json, name: string): string[] {
  const whole = JSON.stringify(document);
  return [...whole.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(
    ({ 0: found, index }) => `${whole.slice(0, index)}${JSON.stringify(name)}${whole.slice(index + found.length)}`,
  );
}
