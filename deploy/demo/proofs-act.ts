/**
 * The act of two teams, to its end: what the platform team's change changes, exactly, with who must agree; and whether anybody from
 * another namespace reaches the applications, today or ever.
 * @module
 */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mesh } from './mesh.ts';
import { type Claim, PORT_OF_LONG_AGO, platformPolicy, run } from './planes-act.ts';

interface Difference {
  readonly added: readonly { readonly owners: readonly string[] }[];
  readonly removed: readonly unknown[];
}

/** The policies with the port of long ago, beside those in force. */
export async function changeTold({ directory, configFile }: Mesh): Promise<Claim> {
  const [before, after] = [join(directory, 'policies-before'), join(directory, 'policies')];
  await cp(after, before, { recursive: true });
  await writeFile(join(before, 'platform.yaml'), platformPolicy(PORT_OF_LONG_AGO));
  const registry = ['--registry', join(directory, 'registry')];
  const { added, removed } = (await run(
    'policy',
    'diff',
    before,
    after,
    '--config',
    configFile,
    ...registry,
  )) as Difference; // our own command's answer
  return {
    request: "gatehouse policy diff, the platform team's mend",
    expected: '2 regions more, 2 less',
    got: `${added.length} regions more, ${removed.length} less`,
    decidedBy: `the port of long ago is closed; must agree: ${added[0]?.owners.join(' and ')}`,
  };
}

interface Proof {
  readonly tenants: readonly { readonly direction: string; readonly proved: boolean; readonly scope: string }[];
}

const neighbour = `apiVersion: v1
kind: Namespace
metadata: { name: platform }
---
apiVersion: v1
kind: Pod
metadata: { name: scanner-1, namespace: platform, labels: { app: scanner } }
spec: { containers: [{ name: app }] }
status: { phase: Running, podIP: 127.0.2.1 }
`;

const ownOnly = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: own-only, namespace: default }
spec:
  action: DENY
  rules:
    - from: [{ source: { notNamespaces: [default] } }]
`;

/** With another namespace beside them, which nothing keeps out; and with one policy more. */
export async function tenantProved({ directory }: Mesh): Promise<Claim> {
  const place = join(directory, 'tenant');
  await mkdir(place, { recursive: true });
  for (const name of ['policies', 'registry']) await cp(join(directory, name), join(place, name), { recursive: true });
  await writeFile(join(place, 'registry/platform.yaml'), neighbour);
  const config = {
    trustDomain: 'cluster.local',
    policies: { paths: ['policies'] },
    registry: { paths: ['registry'] },
    tenants: { bookinfo: { namespaces: ['default'] } },
  };
  await writeFile(join(place, 'gatehouse.yaml'), JSON.stringify(config));
  const proof = async (): Promise<string> => {
    const { tenants } = (await run('policy', 'prove', '--config', join(place, 'gatehouse.yaml'))) as Proof; // our own command's answer
    const into = tenants.find(({ direction }) => direction === 'in');
    return into?.proved ? `proved (${into.scope})` : 'not proved';
  };
  const before = await proof();
  await writeFile(join(place, 'policies/own-only.yaml'), ownOnly);
  return {
    request: 'gatehouse policy prove, then with a DENY of other namespaces',
    expected: 'not proved → proved (future)',
    got: `${before} → ${await proof()}`,
    decidedBy: 'pods to come are asked for too',
  };
}
