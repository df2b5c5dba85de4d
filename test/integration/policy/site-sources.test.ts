import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { GatehouseError } from '../../../src/errors.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { openStoredTexts } from '../../../src/platform/storage/stored-texts.ts';
import { usualDialect } from '../../../src/policy/dialects/contribution.ts';
import { siteKinds } from '../../../src/policy/dialects/site/kinds.ts';
import { lastGoodIn } from '../../../src/policy/sources/last-good-store.ts';
import { openPolicySources, type PolicyLoad, type PolicySources } from '../../../src/policy/sources/policy-sources.ts';
import { securityGroup } from '../../support/security-group.ts';
import { usualTags } from '../../support/site-layer.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const policy = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: mesh, namespace: default }
spec: { rules: [{}] }
`;
const group = (port: string): string => JSON.stringify(securityGroup([{ priority: 100, destinationPortRange: port }]));

describe("the site's own layer, watched", () => {
  let dir: TempDir;
  const opened: AsyncDisposable[] = [];
  const at = (name: string): string => `${dir.path}/${name}`;

  beforeEach(async () => {
    dir = await tempDir();
    writeFileSync(at('mesh.yaml'), policy);
    writeFileSync(at('edge.json'), group('443'));
  });
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  async function start(data = 'data'): Promise<PolicySources> {
    mkdirSync(at(data), { recursive: true });
    const texts = openStoredTexts(at(data));
    const sources = await openPolicySources(
      {
        ...usualDialect,
        absence: 'upstream',
        paths: [{ path: at('mesh.yaml') }, { path: at('edge.json'), kinds: siteKinds(usualTags) }],
        planes: { calico: 'enforce', l4: 'observe', site: 'observe' },
        watch: { quietMs: 10, movedMs: 10, mostMs: 100, pollMs: 0 },
      },
      { clock: systemClock, lastGood: lastGoodIn(texts) },
    );
    const close = async (): Promise<void> => {
      await sources[Symbol.asyncDispose]();
      texts[Symbol.dispose]();
    };
    opened.push({ [Symbol.asyncDispose]: close });
    return sources;
  }

  const until = (sources: PolicySources, wanted: (load: PolicyLoad) => boolean): Promise<PolicyLoad> =>
    new Promise((resolve) => {
      if (wanted(sources.current.value)) return resolve(sources.current.value);
      const stop = sources.current.subscribe((load) => {
        if (!wanted(load)) return;
        stop();
        resolve(load);
      });
    });
  const has = ({ model }: PolicyLoad, port: number): boolean =>
    JSON.stringify(model.planes.find(({ id }) => id === 'site') ?? '').includes(`{"from":${port},"to":${port}}`);

  it('follows a file, and keeps the last good one while it is cut short, emptied or of another form', async () => {
    const sources = await start();
    assert.ok(has(sources.current.value, 443));
    for (const [broken, code] of [
      [group('80').slice(0, 700), 'yaml-syntax'],
      ['', 'file-emptied'],
      [JSON.stringify({ name: 'edge', properties: { securityRules: [] } }), 'nsg-form'],
    ] as const) {
      writeFileSync(at('edge.json'), broken);
      const load = await until(sources, ({ findings }) => findings.some((each) => each.code === code));
      assert.ok(has(load, 443), code);
      assert.match(load.degraded.join(), /edge\.json/);
    }
    writeFileSync(at('edge.json'), group('80'));
    const load = await until(sources, ({ degraded }) => degraded.length === 0);
    assert.ok(has(load, 80));
  });

  it('has the last good one after a restart, and starts with no broken one otherwise', async () => {
    await start();
    await opened.pop()?.[Symbol.asyncDispose]();
    writeFileSync(at('edge.json'), group('80').slice(0, 700));
    const again = await start();
    assert.ok(has(again.current.value, 443));
    assert.match(again.current.value.degraded.join(), /edge\.json/);
    await assert.rejects(
      start('elsewhere'),
      (thrown) => thrown instanceof GatehouseError && /edge\.json:1/.test(thrown.message),
    );
  });

  it('stands in for no policy: with the last one gone, that one stays in force', async () => {
    const sources = await start();
    writeFileSync(at('mesh.yaml'), '# nothing\n');
    const load = await until(sources, ({ degraded }) => degraded.length > 0);
    assert.equal(load.model.planes[0]?.stages.at(-1)?.policies[0]?.ref.name, 'mesh');
  });
});
