/**
 * Tells deciders of a registry by what has changed: what a decider has already is not sent again.
 * @module
 */
import { keptList, type Likeness, saysTheSame } from '../../lib/lists/kept-list.ts';
import { type ListPatch, listPatch, patched } from '../../lib/lists/list-patch.ts';
import { emptyRegistry, type Registry } from './registry.ts';

type Name = keyof Registry;
type PatchOf<L> = L extends readonly (infer T)[] ? ListPatch<T> : never;

/** The lists of a registry that are others than before. Plain data. */
export type PackedRegistry = { readonly [K in Name]?: PatchOf<Registry[K]> };

const names: readonly Name[] = ['endpoints', 'namespaces', 'serviceAccounts', 'networkSets'];

interface Named {
  readonly namespace?: string;
  readonly name: string;
}

/** Deciders need no lines: what moved in its file stays what it was. */
const likeness: Likeness<Named> = {
  nameOf: ({ namespace = '', name }) => `${namespace}/${name}`,
  isEqual: (a, b) => saysTheSame(a, b, 'position'),
};

/** The sender's side, one for each receiver. */
export class RegistryPacker {
  #held: Registry = emptyRegistry;
  #of: Registry = emptyRegistry;

  /** To be sent, in order, to the one receiver. */
  pack(registry: Registry): PackedRegistry {
    if (registry === this.#of) return {};
    const lists: Partial<Record<Name, readonly Named[]>> = {};
    const patches: Partial<Record<Name, ListPatch<Named>>> = {};
    for (const name of names) {
      const held: readonly Named[] = this.#held[name];
      const list = keptList(held, registry[name], likeness);
      const patch = listPatch(held, list);
      lists[name] = list;
      if (patch !== undefined) patches[name] = patch;
    }
    this.#held = lists as Registry; // every list is of what it was made of
    this.#of = registry;
    return patches as PackedRegistry; // likewise
  }
}

/** The receiver's side; what has not changed stays the same value, the registry too. */
export class RegistryUnpacker {
  #held: Registry = emptyRegistry;

  unpack(packed: PackedRegistry): Registry {
    if (names.some((name) => packed[name] !== undefined)) {
      const { endpoints, namespaces, serviceAccounts, networkSets } = this.#held;
      this.#held = {
        endpoints: patched(endpoints, packed.endpoints),
        namespaces: patched(namespaces, packed.namespaces),
        serviceAccounts: patched(serviceAccounts, packed.serviceAccounts),
        networkSets: patched(networkSets, packed.networkSets),
      };
    }
    return this.#held;
  }
}
