import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { joinKindTables } from '../../../src/policy/dialects/kind-table.ts';
import { registryKinds } from '../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { policyKinds } from '../../../src/policy/dialects/table.ts';
import { KnownChunks } from '../../../src/policy/documents/known/known-chunks.ts';
import { splitDocuments } from '../../../src/policy/documents/yaml/split.ts';
import { joinPolicies } from '../../../src/policy/load.ts';
import { type ChunkReading, type PolicyFile, readPolicies } from '../../../src/policy/read-policies.ts';
import { chooseInForce } from '../../../src/policy/sources/choose-in-force.ts';

const dialects = {
  ...{ trustDomain: 'cluster.local', trustDomainAliases: ['old.local'], rootNamespace: 'istio-system' },
  ...{ customProviders: {}, kinds: joinKindTables(policyKinds, registryKinds), forClusters: 'warning' as const },
};
const fixtures = ['test/fixtures', 'deploy']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => splitDocuments(readFileSync(name, 'utf8')).chunks.map(({ text }) => text))
  .filter((text) => text.length < 3000);
const small = ['a', 'b', 'c'].flatMap((name) =>
  ['ALLOW', 'DENY'].map(
    (action) =>
      `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ${name}, namespace: x}\nspec: {action: ${action}, rules: [{from: [{source: {notPrincipals: [q]}}]}]}\n`,
  ),
);
const broken = ['kind: [', 'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nspec: {}\n', ''];

const names = ['a.yaml', 'b.yaml', 'c.yaml'];
const name = fc.constantFrom(...names);
const document = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...small) },
  { weight: 3, arbitrary: fc.constantFrom(...fixtures) },
  { weight: 1, arbitrary: fc.constantFrom(...broken) },
);
const edit = fc.oneof(
  fc.record({ is: fc.constant('insert' as const), name, at: fc.nat(5), document }),
  fc.record({ is: fc.constant('replace' as const), name, at: fc.nat(5), document }),
  fc.record({ is: fc.constant('drop' as const), name, at: fc.nat(5) }),
  fc.record({ is: fc.constant('move' as const), name, at: fc.nat(5), to: name }),
  fc.record({ is: fc.constant('rename' as const), name, to: name }),
  fc.record({ is: fc.constant('remove' as const), name }),
);

type Files = Map<string, readonly string[]>;

function apply(files: Files, change: Parameters<Parameters<typeof edit.map>[0]>[0]): void {
  const documents = [...(files.get(change.name) ?? [])];
  if (change.is === 'remove' || change.is === 'rename') files.delete(change.name);
  if (change.is === 'rename') files.set(change.to, documents);
  if (change.is === 'remove' || change.is === 'rename') return;
  const [taken] = documents.splice(change.at, change.is === 'insert' ? 0 : 1);
  if (change.is === 'insert' || change.is === 'replace') documents.splice(change.at, 0, change.document);
  files.set(change.name, documents);
  if (change.is === 'move' && taken !== undefined) files.set(change.to, [...(files.get(change.to) ?? []), taken]);
}

/** What is in force after one look after another, as the sources keep it. */
function createLooks(read: (file: string, text: string) => PolicyFile) {
  let inForce: readonly PolicyFile[] = [];
  return (files: Files) => {
    const lastGood = new Map(inForce.map((one) => [one.file, one]));
    const candidates = [...files]
      .map(([file, documents]) => ({ file, now: read(file, documents.join('\n---\n')), lastGood: lastGood.get(file) }))
      .sort((a, b) => (a.file < b.file ? -1 : 1));
    const choice = chooseInForce(candidates);
    inForce = choice.inForce;
    return {
      choice,
      set: joinPolicies(inForce, { generation: 1, absence: 'upstream', rootNamespace: 'istio-system' }),
    };
  };
}

describe('files that are edited', () => {
  it('come to what they come to when all of them are read and joined anew', () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 4, maxLength: 20 }), (edits) => {
        const known = new Map(names.map((file) => [file, new KnownChunks<ChunkReading>()]));
        const again = createLooks((file, text) => readPolicies(file, text, { ...dialects, known: known.get(file)! })); // one a name
        const anew = createLooks((file, text) => readPolicies(file, text, dialects));
        const files: Files = new Map();
        for (const each of edits) {
          apply(files, each);
          assert.deepEqual(again(files), anew(files));
        }
      }),
      { numRuns: Math.ceil(Number(process.env['EDITS'] ?? 500) / 12) },
    );
  });
});
