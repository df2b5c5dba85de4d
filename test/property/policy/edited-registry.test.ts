import assert from 'node:assert/strict';
import { ipInRange, parseCidr, parseIp } from '../../../src/lib/ip-address.ts';
import { finish } from '../../../src/lib/work.ts';
import { type LabelExpr, labelsMatch } from '../../../src/policy/meaning/labels.ts';
import { createLabelIndex } from '../../../src/policy/registry/effective-labels.ts';
import { joinRegistry } from '../../../src/policy/registry/join-registry.ts';
import type { Member } from '../../../src/policy/registry/member-layer.ts';
import { membersWork, type RegistryMembers } from '../../../src/policy/registry/members.ts';
import type { Registry } from '../../../src/policy/registry/registry.ts';
import { RegistryPacker, RegistryUnpacker } from '../../../src/policy/registry/registry-patch.ts';
import { createSelectors } from '../../../src/policy/registry/selected-members.ts';
import { createRandom, createRegistryEdits } from './registry-edits.ts';

/** `EDITS=100000` for the long run. */
const EDITS = Number(process.env['EDITS'] ?? 400);
const SEED = Number(process.env['EDITS_SEED'] ?? Date.now() % 1_000_000);

const selectors: readonly LabelExpr[] = [
  { op: 'all', of: [] },
  { op: 'in', key: 'app', values: ['details'] },
  { op: 'not', of: { op: 'has', key: 'pcns.app' } },
  {
    op: 'any',
    of: [
      { op: 'has', key: 'pcsa.tier' },
      { op: 'has', key: 'service foo/v1' },
    ],
  },
];
const asked = ['10.0.0.1', '10.0.1.1', '10.1.0.1', 'fd00::1', '10.9.9.9', '::ffff:10.0.0.1', '10.200.7.7'];
const address = (text: string) => ({ text, bytes: parseIp(text)! });

/** By a walk over everything. */
function plainHolding(registry: Registry, text: string): readonly string[] {
  const bytes = parseIp(text.replace('::ffff:', ''))!;
  const holds = (nets: readonly string[]): boolean => nets.some((net) => ipInRange(bytes, parseCidr(net)!));
  const pods = registry.endpoints.filter((one) => !one.hostNetwork && holds(one.addresses));
  return [...pods, ...registry.networkSets.filter((one) => holds(one.nets))].map(({ name }) => name);
}

const namesOf = (members: readonly Member[]): readonly string[] => members.map(({ thing }) => thing.name);

describe('the members of a registry that is edited', () => {
  for (const size of [6, 300])
    it(`are those of one that is made anew, and what a walk finds, of ${size} pods (seed ${SEED})`, () => {
      const next = createRegistryEdits(createRandom(SEED + size), size);
      const ids = { next: 0 };
      const select = createSelectors();
      const selects = selectors.map((one) => select(one));
      const [packer, unpacker] = [new RegistryPacker(), new RegistryUnpacker()];
      let last: Registry | undefined;
      let before: { readonly members: RegistryMembers; readonly registry: Registry } | undefined;
      let members: RegistryMembers | undefined;
      for (let edit = 0; edit < EDITS; edit++) {
        const parts = next();
        last = joinRegistry(parts, last);
        assert.deepEqual(last, joinRegistry(parts, undefined), `edit ${edit}: joined`);
        const registry = unpacker.unpack(structuredClone(packer.pack(last)));
        assert.deepEqual(registry, last, `edit ${edit}: told`);
        members = finish(membersWork(registry, ids, members));
        look(registry, members, `edit ${edit}`);
        // What was made before goes on being what it was.
        if (before !== undefined) look(before.registry, before.members, `before edit ${edit}`);
        if (edit % 7 === 0) before = { members, registry };
      }

      function look(registry: Registry, of: RegistryMembers, where: string): void {
        for (const text of asked)
          assert.deepEqual(namesOf(of.holding(address(text))), plainHolding(registry, text), `${where}: ${text}`);
        const labels = createLabelIndex(structuredClone(registry));
        for (const serviceAccount of ['a', 'details']) {
          const own = registry.endpoints.filter(
            (one) => !one.hostNetwork && one.namespace === 'foo' && one.serviceAccount === serviceAccount,
          );
          const named = of.named({ namespace: 'foo', serviceAccount });
          assert.deepEqual(
            namesOf(named),
            own.map(({ name }) => name),
            `${where}: ${serviceAccount}`,
          );
          for (const [i, expr] of selectors.entries())
            assert.deepEqual(
              named.map(selects[i]!),
              own.map((one) => labelsMatch(expr, labels.ofEndpoint(one))),
              `${where}: selector ${i}`,
            );
        }
      }
    }).timeout(60_000 + EDITS * 500);
});
