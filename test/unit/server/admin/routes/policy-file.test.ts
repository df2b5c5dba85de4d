import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { GatehouseError } from '../../../../../src/errors.ts';
import { createSight } from '../../../../../src/server/admin/access/sight.ts';
import type { AdminDeps } from '../../../../../src/server/admin/admin-deps.ts';
import { policyFile, policyFileIn } from '../../../../../src/server/admin/routes/policy-file.ts';
import { tempDir } from '../../../../support/temp-dir.ts';

const config = {
  ...{ trustDomain: 'cluster.local', trustDomainAliases: [], workloads: [] },
  policies: { rootNamespace: 'istio-system' },
};
const sight = createSight(['team-a'], config as never); // nothing else is looked at

describe('GET /v1/policies/file', () => {
  it('is the text of a file that policies or findings name, and of no other', async () => {
    await using dir = await tempDir('policy-file-');
    for (const name of ['in-force.yaml', 'found.yaml', 'secret']) writeFileSync(dir.at(name), `text of ${name}`);
    const inForce = [{ file: dir.at('in-force.yaml') }, { file: dir.at('gone.yaml') }];
    const paths = [
      { path: dir.at('in-force.yaml'), namespaces: ['team-a'] },
      { path: dir.at('found.yaml'), namespaces: ['team-a', 'team-b'] },
    ];
    const deps = {
      policies: { current: { value: { inForce, findings: [{ file: dir.at('found.yaml') }] } } },
      config: () => ({ policies: { paths } }),
    } as unknown as AdminDeps; // nothing else is looked at
    const whole = async (file: string) => policyFile({ who: 'o', asked: { file } }, deps);
    const narrowed = async (file: string) => policyFileIn({ who: 't', asked: { file }, sight }, deps);
    const refused = (code: string) => (thrown: unknown) => thrown instanceof GatehouseError && thrown.code === code;

    for (const name of ['in-force.yaml', 'found.yaml'])
      assert.deepEqual(await whole(dir.at(name)), { file: dir.at(name), text: `text of ${name}` });
    for (const file of [dir.at('secret'), `${dir.path}/x/../in-force.yaml`, '/etc/hostname', 'in-force.yaml'])
      await assert.rejects(whole(file), refused('not_found'), file);
    await assert.rejects(whole(dir.at('gone.yaml')), /gone\.yaml cannot be read now/);

    assert.equal((await narrowed(dir.at('in-force.yaml'))).text, 'text of in-force.yaml');
    for (const name of ['found.yaml', 'secret', 'nothing'])
      await assert.rejects(narrowed(dir.at(name)), refused('caller_not_authorised'), name);
  });
});
