/**
 * The registry of a model, indexed for what planes ask of it while trees are made; registries that follow each other share what they can.
 * @module
 */
import { finish } from '../../../lib/work.ts';
import type { Judge, RegistryAtom } from '../../meaning/registry-atom.ts';
import { createRegistryContexts, type RegistryContext, type RegistryContexts } from '../../meaning/registry-context.ts';
import type { PolicyModel } from '../../model.ts';
import { emptyRegistry, type Registry } from '../../registry/registry.ts';

/** The registry of a model, and the conditions that only it can answer. */
export interface IndexedRegistry extends Pick<RegistryContext, 'endpointLabels' | 'destinationOf' | 'locate'> {
  readonly registry: Registry;
  readonly context: RegistryContext;
  /** The judge of a condition, which goes by this registry until another one is asked for. */
  judgeOf(atom: RegistryAtom): Judge;
}

/** Contexts of registries under the same settings. */
interface Line {
  readonly name: string;
  readonly contexts: RegistryContexts;
  readonly judges: WeakMap<RegistryAtom, Judge>;
  readonly known: WeakMap<Registry, IndexedRegistry>;
  last: RegistryContext | undefined;
}

let line: Line | undefined;

/** Indexes the registry of a model, if that was not done before, and lets conditions go by it. */
export function indexedRegistry({ registry = emptyRegistry, absence, hops = [] }: PolicyModel): IndexedRegistry {
  const name = `${absence} ${hops.join(' ')}`;
  if (line?.name !== name) {
    const contexts = createRegistryContexts(absence, hops);
    line = { name, contexts, judges: new WeakMap(), known: new WeakMap(), last: undefined };
  }
  let found = line.known.get(registry);
  if (found === undefined) {
    found = indexed(registry, line);
    line.known.set(registry, found);
  }
  found.context.enter();
  return found;
}

function indexed(registry: Registry, { contexts, judges, last }: Line): IndexedRegistry {
  const context = finish(contexts.contextWork(registry, last));
  const { endpointLabels, destinationOf, locate } = context;
  if (line !== undefined) line.last = context;
  return {
    ...{ registry, context, endpointLabels, destinationOf, locate },
    judgeOf(atom) {
      let judge = judges.get(atom);
      if (judge === undefined) {
        judge = context.registryAtom(atom);
        judges.set(atom, judge);
      }
      return judge;
    },
  };
}
