/**
 * The act of two teams: a platform team's Calico policy and an application team's Istio policy contradict each other. Found by lint,
 * explained, mended; asked through the real Envoys before and after.
 * @module
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startChild } from '../../test/support/child.ts';
import { eventually } from '../../test/support/eventually.ts';
import { gatehouseCommand } from '../../test/support/run-gatehouse.ts';
import { type Answer, ask, type Question } from './ask.ts';
import { applications, type Mesh } from './mesh.ts';

/** What an act knows of each of its claims. */
export interface Claim {
  readonly request: string;
  readonly expected: string;
  readonly got: string;
  readonly decidedBy: string;
}

const question: Question = { from: 'productpage', method: 'GET', path: '/details/1' };
const id = (application: string): string => `spiffe://cluster.local/ns/default/sa/bookinfo-${application}`;

/** The platform team lets details be reached on one port only. */
export const platformPolicy = (port: number): string => `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  name: details-port
  annotations: { gatehouse.dev/owner: platform }
spec:
  selector: app == 'details'
  ingress:
    - action: Allow
      protocol: TCP
      source: { nets: [127.0.0.0/8] }
      destination: { ports: [${port}] }
`;

/** What \x would print of the mesh. */
const pods = (detailsPort: number): string =>
  [
    'apiVersion: v1\nkind: Namespace\nmetadata: { name: default, annotations: { gatehouse.dev/owner: bookinfo } }\n',
    ...applications.map(
      (name, i) => `apiVersion: v1
kind: Pod
metadata: { name: ${name}-1, namespace: default, labels: { app: ${name} } }
spec: { serviceAccountName: bookinfo-${name}, containers: [{ name: app, ports: [{ name: http, containerPort: ${detailsPort} }] }] }
status: { phase: Running, podIPs: [{ ip: 127.0.1.${i + 1} }] }
`,
    ),
  ].join('---\n');

export const PORT_OF_LONG_AGO = 9080;

/** The policy arrives, and what the application team allows is refused. */
export async function platformPolicyArrives(mesh: Mesh): Promise<Claim> {
  await mkdir(join(mesh.directory, 'registry'), { recursive: true });
  await writeFile(join(mesh.directory, 'registry/pods.yaml'), pods(mesh.detailsPort));
  const before = await ask(mesh, question);
  const after = await putInForce(mesh, PORT_OF_LONG_AGO, 403);
  return {
    request: 'productpage GET, once the platform team adds a Calico policy',
    expected: '200 → 403',
    got: `${before.status} → ${after.status}`,
    decidedBy: `Calico policy: ${after.log.reason}`,
  };
}

interface Lint {
  readonly findings: readonly { readonly code: string; readonly owners: readonly string[]; readonly message: string }[];
}

/** Lint finds the contradiction, with the owners on both sides. */
export async function lintFindsIt(mesh: Mesh): Promise<Claim> {
  const paths = [join(mesh.directory, 'policies'), join(mesh.directory, 'registry')];
  const { findings } = (await run('policy', 'lint', ...paths, '--severity', 'error')) as Lint; // our own command's answer
  const found = findings.find(({ code }) => code === 'l7-allow-l4-deny');
  return {
    request: 'gatehouse policy lint',
    expected: 'l7-allow-l4-deny',
    got: found?.code ?? 'nothing',
    decidedBy: `owners: ${found?.owners.join(' and ')}`,
  };
}

interface Explained {
  readonly planes: readonly { readonly plane: string; readonly decision: string; readonly policy: string | null }[];
}

/** Explain says what each plane says of the request. */
export async function explained(mesh: Mesh): Promise<Claim> {
  const file = join(mesh.directory, 'request.json');
  await writeFile(
    file,
    JSON.stringify({
      source: { principal: id('productpage'), address: '127.0.0.1' },
      destination: {
        principal: id('details'),
        address: '127.0.0.1',
        port: mesh.detailsPort,
        labels: { app: 'details' },
      },
      http: { method: 'GET', path: '/details/1', host: 'details' },
    }),
  );
  const { planes } = (await run('policy', 'explain', '--config', mesh.configFile, '--request', file)) as Explained; // our own command's answer
  const said = (plane: string): string => `${plane} ${planes.find((each) => each.plane === plane)?.decision}`;
  return {
    request: 'gatehouse policy explain',
    expected: 'istio allow, calico deny',
    got: `${said('istio')}, ${said('calico')}`,
    decidedBy: `istio: ${planes.find(({ plane }) => plane === 'istio')?.policy}`,
  };
}

/** The platform team writes the right port, and lint has nothing more to say. */
export async function mended(mesh: Mesh): Promise<Claim> {
  const after = await putInForce(mesh, mesh.detailsPort, 200);
  const paths = [join(mesh.directory, 'policies'), join(mesh.directory, 'registry')];
  const { findings } = (await run('policy', 'lint', ...paths, '--severity', 'error')) as Lint; // our own command's answer
  const still = findings.filter(({ code }) => code === 'l7-allow-l4-deny').length;
  return {
    request: 'productpage GET, the port in the Calico policy mended',
    expected: '200, 0 contradictions',
    got: `${after.status}, ${still} contradictions`,
    decidedBy: `${after.log.policy} rule ${after.log.rule}: ${after.log.reason}`,
  };
}

async function putInForce(mesh: Mesh, port: number, status: number): Promise<Answer> {
  const file = join(mesh.directory, 'policies/platform.yaml');
  await writeFile(`${file}~`, platformPolicy(port));
  await rename(`${file}~`, file);
  return eventually(`the platform's policy is in force`, async () => {
    const answer = await ask(mesh, question);
    return answer.status === status ? answer : undefined;
  });
}

/** Runs a command that may well say no. */
export async function run(...args: readonly string[]): Promise<unknown> {
  const child = startChild(...gatehouseCommand(...args, '--output', 'json'));
  const code = await child.ended;
  if (code !== 0 && code !== 1) throw new Error(`gatehouse ${args.join(' ')} ended with ${code}\n${child.stderr()}`);
  return JSON.parse(child.stdout());
}
