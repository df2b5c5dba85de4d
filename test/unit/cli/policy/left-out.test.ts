import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const network = (rule: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: own, namespace: shop }
spec: { podSelector: {}, ingress: [${rule}] }
`;
const registry = `apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { serviceAccountName: web }
status: { podIP: 10.0.0.1 }
`;
const SAID =
  /plane l4 is not among those that are combined \(istio\): one policy counts for nothing; .* --planes istio,l4/;

describe('policies of a plane that is not combined', () => {
  let dir: TempDir;
  before(async () => {
    dir = await tempDir();
    writeFileSync(`${dir.path}/old.yaml`, network('{ from: [{ podSelector: {} }] }'));
    writeFileSync(`${dir.path}/new.yaml`, network('{}'));
    writeFileSync(`${dir.path}/registry.yaml`, registry);
    const settings = {
      trustDomain: 'cluster.local',
      policies: { paths: ['old.yaml'] },
      registry: { paths: ['registry.yaml'] },
      tenants: { shop: { namespaces: ['shop'] } },
    };
    writeFileSync(`${dir.path}/gatehouse.yaml`, JSON.stringify(settings));
  });
  after(() => dir[Symbol.asyncDispose]());

  async function run(...words: string[]) {
    const terminal = recordingTerminal();
    await runCommandLine(['policy', ...words.map((word) => word.replace('DIR', dir.path))], terminal);
    return terminal.said;
  }

  const commands: readonly (readonly string[])[] = [
    ['map', '--config', 'DIR/gatehouse.yaml'],
    ['prove', '--config', 'DIR/gatehouse.yaml'],
    ['diff', 'DIR/old.yaml', 'DIR/new.yaml', '--registry', 'DIR/registry.yaml'],
  ];
  for (const words of commands) {
    it(`are named by policy ${words[0]}, unless planes are`, async () => {
      assert.match((await run(...words, '--output', 'json')).err, SAID);
      assert.equal((await run(...words, '--planes', 'istio')).err, '');
      assert.equal((await run(...words, '--planes', 'istio,l4')).err, '');
    });
  }

  it('stand in the JSON of diff and prove', async () => {
    for (const words of commands.slice(1)) {
      const { out } = await run(...words, '--output', 'json');
      assert.deepEqual(JSON.parse(out).leftOut, [{ plane: 'l4', policies: 1 }]);
    }
  });
});
