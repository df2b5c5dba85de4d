import assert from 'node:assert/strict';
import { usualDialect } from '../../../../src/policy/dialects/contribution.ts';
import { loadPolicies } from '../../../../src/policy/load.ts';
import { readPolicies } from '../../../../src/policy/read-policies.ts';

const policy = (name: string): string =>
  `---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: ${name}, namespace: x }\n`;

describe('copies of documents in other files', () => {
  const rows: readonly { name: string; files: readonly string[]; want: readonly (RegExp | string)[] }[] = [
    { name: 'none', files: [policy('a'), policy('b')], want: [] },
    { name: 'one', files: [policy('a'), policy('a')], want: [/^AuthorizationPolicy x\/a stands at 0.yaml:2 already, and again at 1.yaml:2$/] },
    { name: 'several in one file', files: [policy('a') + policy('b'), policy('a') + policy('b')], want: [/; so it is with 1 more document of this file$/] },
    { name: 'several in several files', files: [policy('a'), policy('a'), policy('a'), policy('a')], want: [/; so it is with 2 more documents of 3 files$/] },
  ]; // biome-ignore format: a table
  for (const { name, files, want } of rows)
    it(`are told in one finding: ${name}`, () => {
      const read = files.map((text, i) => readPolicies(`${i}.yaml`, text, usualDialect));
      const set = loadPolicies(read, { generation: 1, absence: 'upstream', rootNamespace: 'istio-system' });
      const told = set.findings.filter(({ code }) => code === 'duplicate-copy');
      assert.equal(told.length, want.length);
      for (const [i, { message }] of told.entries())
        assert.match(message.replace(/^.*?(?=Auth)/, ''), want[i] as RegExp); // one each
    });
});
