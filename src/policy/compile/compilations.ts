/**
 * What one compilation leaves for the next one of nearly the same model: only a compilation that was finished leaves anything.
 * @module
 */
import { createRegistryContext, type RegistryContext } from '../meaning/registry-context.ts';
import type { PolicyModel } from '../model.ts';
import { emptyRegistry, type Registry } from '../registry/registry.ts';
import type { KeptStage } from './rule-stage.ts';

/** What there is of the last compilation, while one is under way. */
export interface Compilation {
  /** The registry of the model: what conditions were compiled against while it is the same. */
  readonly registry: RegistryContext;
  /** What the last finished compilation left of the stage of that name. */
  last(name: string): KeptStage | undefined;
  put(name: string, stage: KeptStage): void;
  /** Leaves what was put to the next compilation. */
  finish(): void;
}

interface Kept {
  readonly stages: ReadonlyMap<string, KeptStage>;
  readonly registry: Registry;
  readonly absence: PolicyModel['absence'];
  readonly hops: string;
  readonly context: RegistryContext;
}

/** Stores what the last finished compilation left. */
export class Compilations {
  #kept: Kept | undefined;

  begin({ registry = emptyRegistry, absence, hops = [] }: PolicyModel): Compilation {
    const last = this.#kept;
    const hopNames = hops.join(' ');
    const isSame = last?.registry === registry && last.absence === absence && last.hops === hopNames;
    const context = isSame ? last.context : createRegistryContext(registry, absence, hops);
    const stages = new Map<string, KeptStage>();
    return {
      registry: context,
      last: (name) => last?.stages.get(name),
      put: (name, stage) => void stages.set(name, stage),
      finish: () => {
        this.#kept = { stages, registry, absence, hops: hopNames, context };
      },
    };
  }
}
