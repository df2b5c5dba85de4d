import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const namespace = (name: string, team: string): string => `apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { team: ${team} } }
---
`;
const pod = (space: string, name: string, address: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${space}, labels: { app: ${name} } }
spec: { serviceAccountName: sa-${space}, containers: [{ name: main, image: x }] }
status: { podIP: ${address}, podIPs: [{ ip: ${address} }] }
---
`;
const registry = `${namespace('red-1', 'red')}${namespace('blue-1', 'blue')}${pod('red-1', 'web', '10.0.0.1')}${pod('blue-1', 'api', '10.0.1.1')}`;
const guard = (space: string, selector: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: guard, namespace: ${space} }
spec:
  podSelector: ${selector}
  ingress: [{ from: [{ podSelector: {} }] }]
---
`;
const byName = { red: { namespaces: ['red-1'] }, blue: { namespaces: ['blue-1'] } };

interface Entry {
  readonly tenant: string;
  readonly direction: string;
  readonly proved: boolean;
  readonly scope: string;
  readonly counterexample?: { readonly to: { readonly pod?: string; readonly labels: Record<string, string> } };
  readonly beyond?: unknown;
}

describe('policy prove', () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  async function prove(policies: string, tenants: object) {
    writeFileSync(dir.at('policies.yaml'), policies);
    writeFileSync(dir.at('registry.yaml'), registry);
    const config = {
      trustDomain: 'cluster.local',
      policies: { paths: ['policies.yaml'], planes: { l4: 'enforce' } },
      registry: { paths: ['registry.yaml'] },
      tenants,
    };
    writeFileSync(dir.at('gatehouse.yaml'), JSON.stringify(config));
    const terminal = recordingTerminal();
    await runCommandLine(['policy', 'prove', '--config', dir.at('gatehouse.yaml'), '--output', 'json'], terminal);
    const { out, err, code } = terminal.said;
    const entries = code === 2 ? [] : (JSON.parse(out) as { tenants: Entry[] }).tenants;
    const into = (tenant: string) => entries.find((one) => one.tenant === tenant && one.direction === 'in')!;
    return { err, code, entries, into };
  }

  it('proves for pods to come what their namespace keeps out', async () => {
    const { entries, code } = await prove(guard('red-1', '{}') + guard('blue-1', '{}'), byName);
    assert.equal(code, 0);
    assert.deepEqual(
      entries.map(({ tenant, direction, proved, scope }) => [tenant, direction, proved, scope]),
      [
        ['red', 'in', true, 'future'],
        ['red', 'out', true, 'future'],
        ['blue', 'in', true, 'future'],
        ['blue', 'out', true, 'future'],
      ],
    );
  });

  it('proves for today alone what hangs on a label, and shows the pod to come that breaks it', async () => {
    const { into, code } = await prove(guard('red-1', '{ matchLabels: { app: web } }') + guard('blue-1', '{}'), byName);
    assert.equal(code, 0);
    const { proved, scope, counterexample } = into('red');
    assert.deepEqual([proved, scope, counterexample?.to.pod], [true, 'today', undefined]);
    assert.notEqual(counterexample?.to.labels['app'], 'web');
  });

  it('shows two pods of today where they reach each other', async () => {
    const { into, code } = await prove(guard('blue-1', '{}'), byName);
    assert.equal(code, 1);
    assert.deepEqual([into('red').proved, into('red').counterexample?.to.pod], [false, 'red-1/web']);
  });

  it('takes for meant what is shared', async () => {
    const shared = [{ from: 'blue', to: 'red-1/sa-red-1' }];
    const { into } = await prove(guard('blue-1', '{}'), { ...byName, red: { namespaces: ['red-1'], shared } });
    assert.deepEqual([into('red').proved, into('red').scope], [true, 'today']);
  });

  it('looks at namespaces to come where a tenant is a selector: one without policies is the hole', async () => {
    const tenants = { red: { namespaces: "team == 'red'" }, blue: { namespaces: { matchLabels: { team: 'blue' } } } };
    const { into } = await prove(guard('red-1', '{}') + guard('blue-1', '{}'), tenants);
    assert.deepEqual([into('red').proved, into('red').scope], [true, 'future']);
    assert.ok(into('red').beyond !== undefined);
  });

  it('takes no egress of the source for hard isolation', async () => {
    const egress = (space: string): string =>
      `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: out, namespace: ${space} }\nspec: { podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ podSelector: {} }] }] }\n---\n`;
    const both = egress('red-1') + egress('blue-1');
    assert.equal((await prove(both, byName)).into('red').scope, 'future');
    const hard = { red: { ...byName.red, isolation: 'hard' }, blue: byName.blue };
    assert.equal((await prove(both, hard)).into('red').proved, false);
  });

  for (const { name, tenants, wanted } of [
    {
      name: 'a tenant that selects nothing',
      tenants: { green: { namespaces: ['green-1'] } },
      wanted: /no namespace of the registry/,
    },
    {
      name: 'tenants that overlap',
      tenants: { ...byName, all: { namespaces: ['red-1', 'blue-1'] } },
      wanted: /namespace (red|blue)-1 is of both/,
    },
    { name: 'no tenants', tenants: {}, wanted: /there is none to prove/ },
    {
      name: 'a selector that is none',
      tenants: { red: { namespaces: 'team ==' } },
      wanted: /tenants.red.namespaces: column/,
    },
  ])
    it(`refuses ${name}`, async () => {
      const { err, code } = await prove(guard('red-1', '{}'), tenants);
      assert.equal(code, 2);
      assert.match(err, wanted);
    });
});
