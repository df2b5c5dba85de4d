import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine } from '../../../support/command-line.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

interface Told {
  readonly ok: boolean;
  readonly ignored: number;
  readonly findings: readonly { readonly code: string; readonly severity: string }[];
}

const policy = (remark: string, spec: string): string => `${remark}
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a, namespace: x }
spec: { ${spec} }
`;
const odd = 'rules: [{ to: [{ operation: { methods: [get], paths: ["/a"] } }] }]';
const known = '# gatehouse:ignore method-case our client sends it so';
const pods = `apiVersion: v1
kind: Pod
metadata: { name: web, namespace: x, labels: { app: web } }
spec: { serviceAccountName: web }
status: { phase: Running, podIPs: [{ ip: 10.0.0.2 }] }
`;

describe('the findings of policy check and policy lint', () => {
  let directory: TempDir;
  const at = (name: string): string => join(directory.path, name);
  const run = (...args: string[]) => commandLine('policy', ...args);
  const json = async (...args: string[]): Promise<Told & { code: number | undefined }> => {
    const { out, code } = await run(...args, '--output', 'json');
    return { ...(JSON.parse(out) as Told), code }; // our own command's answer
  };
  const codes = ({ findings }: Told): string[] => findings.map(({ code }) => code);

  beforeEach(async () => {
    directory = await tempDir('gatehouse-findings-');
    writeFileSync(at('odd.yaml'), policy('#', odd));
    writeFileSync(at('known.yaml'), policy(known, odd));
    writeFileSync(at('why.yaml'), policy('# gatehouse:ignore method-case', odd));
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  it('says the code of a finding, so that it can be ignored', async () => {
    const { out, code } = await run('check', at('odd.yaml'));
    assert.match(out, /warning: .*\[method-case\]\n/);
    assert.equal(code, 0);
  });

  it('leaves out and counts what is ignored; --no-ignore tells it', async () => {
    const told = await json('check', at('known.yaml'));
    assert.deepEqual([codes(told), told.ignored], [[], 1]);
    const { out } = await run('check', at('known.yaml'));
    assert.match(out, /; ignored 1 finding \(--no-ignore shows them\)\n/);
    const all = await json('check', at('known.yaml'), '--no-ignore');
    assert.deepEqual([codes(all), all.ignored], [['method-case'], 0]);
  });

  it('tells what is severe enough', async () => {
    assert.deepEqual(codes(await json('check', at('why.yaml'))), ['ignore-without-reason']);
    assert.deepEqual(codes(await json('check', at('why.yaml'), '--severity', 'warning')), []);
    assert.deepEqual(codes(await json('check', at('odd.yaml'), '--severity', 'warning')), ['method-case']);
    assert.deepEqual(codes(await json('check', at('odd.yaml'), '--severity', 'error')), []);
  });

  it('obeys in lint as in check: exit 0 where all that is found is ignored', async () => {
    const text = (remark: string): string => policy(remark, `selector: { matchLabels: { app: gone } }, ${odd}`);
    writeFileSync(at('pods.yaml'), pods);
    writeFileSync(at('odd.yaml'), text('#'));
    const told = await json('lint', at('odd.yaml'), at('pods.yaml'));
    assert.deepEqual([codes(told), told.code, told.ok], [['selects-nothing'], 1, false]);
    writeFileSync(at('odd.yaml'), text('# gatehouse:ignore selects-nothing comes next week'));
    const mended = await json('lint', at('odd.yaml'), at('pods.yaml'));
    assert.deepEqual([codes(mended), mended.code, mended.ok, mended.ignored], [[], 0, true, 1]);
    assert.equal((await json('lint', at('odd.yaml'), at('pods.yaml'), '--no-ignore')).code, 1);
  });

  it('obeys whom policies.ignoreBy names, by directory or Namespace, not whom a document says', async () => {
    const config = (more: string): void =>
      writeFileSync(at('gatehouse.yaml'), `trustDomain: cluster.local\npolicies: { paths: [./known.yaml], ${more} }\n`);
    const outcome = async () => codes(await json('check', at('known.yaml'), '--config', at('gatehouse.yaml')));
    config('ignoreBy: [platform], owners: { ./known.yaml: platform }');
    assert.deepEqual(await outcome(), []);
    config('ignoreBy: [platform], owners: { ./known.yaml: shop }');
    assert.deepEqual((await outcome()).toSorted(), ['ignore-not-obeyed', 'method-case']);
    config('ignoreBy: [platform]');
    const claimed = policy(known, odd).replace(
      'namespace: x',
      'namespace: x, annotations: { gatehouse.dev/owner: platform }',
    );
    writeFileSync(at('known.yaml'), claimed);
    assert.deepEqual((await outcome()).toSorted(), ['ignore-not-obeyed', 'method-case']);
    const owner = 'annotations: { gatehouse.dev/owner: platform }';
    writeFileSync(at('namespace.yaml'), `apiVersion: v1\nkind: Namespace\nmetadata: { name: x, ${owner} }\n`);
    writeFileSync(
      at('gatehouse.yaml'),
      'trustDomain: cluster.local\npolicies: { paths: [./known.yaml], ignoreBy: [platform] }\nregistry: { paths: [./namespace.yaml] }\n',
    );
    assert.deepEqual(await outcome(), []);
  });

  it('lists the codes', async () => {
    for (const command of ['check', 'lint']) {
      const { out, code } = await run(command, '--codes');
      assert.equal(code, 0);
      assert.match(out, /^selects-nothing +warning +a policy that selects no pod/m);
    }
  });

  it('can say nothing about nothing', async () => {
    const { err, code } = await run('check');
    assert.match(err, /missing required argument 'path'/);
    assert.equal(code, 2);
  });
});
