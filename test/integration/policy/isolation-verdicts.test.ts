import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { runCommandLine } from '../../../src/cli/program.ts';
import { recordingTerminal } from '../../support/recording-terminal.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** One world, and how alone its tenants are: for no pods, those of today, or those to come as well. */
interface Recorded {
  readonly family: string;
  readonly rootNamespace: string;
  readonly tenants: object;
  readonly registry: string;
  readonly policies: string;
  readonly expect: readonly {
    readonly tenant: string;
    readonly direction: 'in' | 'out';
    readonly isolated: 'no' | 'today' | 'future';
    /** What network-config-analyzer says: it took one label value, or one service account, for all that it was not told of. */
    readonly recorded?: string;
  }[];
}

interface Entry {
  readonly tenant: string;
  readonly direction: string;
  readonly proved: boolean;
  readonly scope: string;
  readonly counterexample?: unknown;
}

const text = gunzipSync(readFileSync('test/fixtures/isolation-verdicts.json.gz')).toString();
const worlds = JSON.parse(text) as readonly Recorded[]; // recorded so

describe('policy prove, beside what network-config-analyzer says of 40 pairs of tenants', function () {
  this.timeout(300_000);
  for (const [i, { family, rootNamespace, tenants, registry, policies, expect }] of worlds.entries())
    it(`agrees on world ${i} of ${family}`, async () => {
      await using dir = await tempDir();
      writeFileSync(dir.at('policies.yaml'), policies);
      writeFileSync(dir.at('registry.yaml'), registry);
      const planes = { calico: 'off', l4: 'enforce' };
      const config = {
        trustDomain: 'cluster.local',
        policies: { paths: ['policies.yaml'], rootNamespace, planes },
        registry: { paths: ['registry.yaml'] },
        tenants,
      };
      writeFileSync(dir.at('gatehouse.yaml'), JSON.stringify(config));
      const terminal = recordingTerminal();
      await runCommandLine(['policy', 'prove', '--config', dir.at('gatehouse.yaml'), '--output', 'json'], terminal);
      const { tenants: entries } = JSON.parse(terminal.said.out) as { readonly tenants: readonly Entry[] };
      for (const { tenant, direction, isolated } of expect) {
        const found = entries.find((one) => one.tenant === tenant && one.direction === direction);
        const said = found?.proved ? (found.scope === 'today' ? 'today' : 'future') : 'no';
        assert.equal(said, isolated, `${tenant} ${direction}`);
        assert.equal(found?.counterexample !== undefined, isolated !== 'future', `${tenant} ${direction}`);
      }
    });
});
