import assert from 'node:assert/strict';
import fc from 'fast-check';
import { registryKinds } from '../../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { KnownChunks } from '../../../../src/policy/documents/known/known-chunks.ts';
import { joinPolicies } from '../../../../src/policy/load.ts';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { type ChunkReading, readPolicies } from '../../../../src/policy/read-policies.ts';
import type { Registry } from '../../../../src/policy/registry/registry.ts';
import { ModelPacker, ModelUnpacker } from '../../../../src/server/decider/model-parts.ts';

const istio = (name: string, action: string): string =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ${name}, namespace: x}\nspec: {action: ${action}, rules: [{}]}\n`;
const calico = (name: string, tier = 'default'): string =>
  `apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: ${tier}.${name}, namespace: x}\nspec: {tier: ${tier}, types: [Ingress, Egress], ingress: [{action: Allow}], egress: [{action: Deny}]}\n`;

/** Models of one file after another, as the primary reads them. */
function createReader() {
  const known = new KnownChunks<ChunkReading>();
  let generation = 0;
  const options = { trustDomain: 'cluster.local', trustDomainAliases: [], rootNamespace: 'istio-system', known };
  const ownedBy =
    (owner: string) =>
    (...documents: string[]): PolicyModel => {
      const file = readPolicies('a.yaml', documents.join('---\n'), { ...options, customProviders: {} });
      assert.deepEqual(
        file.findings.filter(({ severity }) => severity === 'error'),
        [],
      );
      const owners = [['a.yaml', owner]] as const;
      return joinPolicies([file], {
        generation: ++generation,
        absence: 'upstream',
        rootNamespace: 'istio-system',
        owners,
      }).model;
    };
  return Object.assign(ownedBy(''), { ownedBy });
}

describe('ModelPacker and ModelUnpacker', () => {
  const steps: readonly { readonly name: string; readonly documents: readonly string[]; readonly added: number }[] = [
    { name: 'everything at first', documents: [istio('a', 'ALLOW'), istio('b', 'DENY'), calico('c')], added: 5 },
    {
      name: 'nothing where nothing changed',
      documents: [istio('a', 'ALLOW'), istio('b', 'DENY'), calico('c')],
      added: 0,
    },
    {
      name: 'what is new, wherever it stands',
      documents: [istio('n', 'ALLOW'), istio('a', 'ALLOW'), calico('c')],
      added: 1,
    },
    { name: 'what was edited', documents: [istio('n', 'ALLOW'), istio('a', 'DENY'), calico('c')], added: 1 },
    { name: 'again what was dropped', documents: [istio('b', 'DENY')], added: 1 },
    { name: 'nothing of nothing', documents: [], added: 0 },
  ];

  it('give the receiver the model, and send only what it has not got', () => {
    const read = createReader();
    const packer = new ModelPacker();
    const unpacker = new ModelUnpacker();
    for (const { name, documents, added } of steps) {
      const model = read(...documents);
      const packed = structuredClone(packer.pack(model));
      assert.equal(packed.added.length, added, name);
      assert.deepEqual(withoutLines(unpacker.unpack(packed)), withoutLines(model), name);
    }
  });

  it('send a receiver that begins anew everything', () => {
    const model = createReader()(istio('a', 'ALLOW'), calico('c'));
    new ModelPacker().pack(model);
    assert.deepEqual(new ModelUnpacker().unpack(structuredClone(new ModelPacker().pack(model))), model);
  });
});

const registryText = (pods: readonly string[], lines = ''): string =>
  `${lines}apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n---\n${pods.join('---\n')}`;
const pod = (name: string, app: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: x, labels: {app: ${app}}}\nstatus: {podIP: 10.0.0.1}\n`;

/** Models over one file of pods after another. */
function createRegistryReader(): (text: string) => PolicyModel {
  const known = new KnownChunks<ChunkReading>();
  let lastRegistry: Registry | undefined;
  const dialects = { trustDomain: 'cluster.local', trustDomainAliases: [], rootNamespace: 'root', customProviders: {} };
  return (text) => {
    const file = readPolicies('pods.yaml', text, { ...dialects, known, kinds: registryKinds });
    const { model } = joinPolicies([file], {
      ...{ generation: 1, absence: 'upstream', rootNamespace: 'root', lastRegistry },
    });
    lastRegistry = model.registry;
    return model;
  };
}

describe('a packed model of many edits', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const one = fc.oneof(
    fc.tuple(name, fc.constantFrom('ALLOW', 'DENY', 'AUDIT')).map(([of, action]) => istio(of, action)),
    fc.tuple(name, fc.constantFrom('default', 'early')).map(([of, tier]) => calico(of, tier)),
  );
  const version = fc.uniqueArray(one, { maxLength: 7, selector: (text) => /name: (\w+)/.exec(text)?.[1] });
  const owner = fc.constantFrom('', 'us', 'them');

  it('is unpacked as what it was, owners too, by a receiver that was sent each policy once', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(version, owner), { minLength: 2, maxLength: 12 }), (versions) => {
        const read = createReader();
        const packer = new ModelPacker();
        const unpacker = new ModelUnpacker();
        let before: ReadonlySet<string> = new Set();
        for (const [documents, whose] of versions) {
          const model = read.ownedBy(whose)(...documents);
          const packed = structuredClone(packer.pack(model));
          assert.deepEqual(withoutLines(unpacker.unpack(packed)), withoutLines(model));
          const texts = new Set(documents.map((text) => `${whose} ${text}`));
          const isNew = [...texts].some((text) => !before.has(text));
          assert.equal(packed.added.length > 0, isNew);
          before = texts;
        }
      }),
      { numRuns: Number(process.env['EDITS'] ?? 2_000) / 10 },
    );
  });
});

describe('the registry of a packed model', () => {
  const steps = [
    { name: 'everything at first', pods: [pod('a', '1'), pod('b', '1')], fresh: 2 },
    { name: 'a pod with other labels', pods: [pod('a', '1'), pod('b', '2')], fresh: 1 },
    { name: 'nothing, where all moved by a line', pods: [pod('a', '1'), pod('b', '2')], lines: '# here\n', fresh: 0 },
    { name: 'nothing, where a status changed that means nothing', pods: [`${pod('a', '1')}# text\n`, pod('b', '2')] },
    { name: 'a pod between', pods: [pod('a', '1'), pod('c', '1'), pod('b', '2')], fresh: 1 },
    { name: 'nothing that is left', pods: [] },
    { name: 'everything again', pods: [pod('a', '1'), pod('c', '1'), pod('b', '2')], fresh: 3 },
  ];

  it('brings what is new, and stays the same value where nothing is', () => {
    const read = createRegistryReader();
    const packer = new ModelPacker();
    const unpacker = new ModelUnpacker();
    let before: Registry | undefined;
    for (const { name, pods, lines, fresh = 0 } of steps) {
      const model = read(registryText(pods, lines));
      const packed = structuredClone(packer.pack(model));
      assert.equal(packed.registry?.endpoints?.fresh.length ?? 0, fresh, name);
      const { registry } = unpacker.unpack(packed);
      assert.deepEqual(withoutLines({ ...model, ...(registry && { registry }) }), withoutLines(model), name);
      if (name.startsWith('nothing,')) assert.equal(registry, before, name);
      if (before !== undefined) assert.equal(registry?.namespaces, before.namespaces, name);
      before = registry;
    }
  });

  it('is none where the model has none', () => {
    const model: PolicyModel = { generation: 1, absence: 'upstream', planes: [] };
    assert.deepEqual(new ModelUnpacker().unpack(structuredClone(new ModelPacker().pack(model))), model);
  });
});

/** Deciders need no lines: those of a policy that moved stay what they were. */
const withoutLines = (model: PolicyModel): unknown =>
  JSON.parse(JSON.stringify(model, (key, value: unknown) => (key === 'line' ? 0 : value)));
