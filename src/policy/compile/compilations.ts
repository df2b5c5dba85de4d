/**
 * What one compilation leaves for the next one of nearly the same model: only a compilation that was finished leaves anything.
 * @module
 */
import type { Work } from '../../lib/work.ts';
import { createRegistryContexts, type RegistryContext, type RegistryContexts } from '../meaning/registry-context.ts';
import type { PolicyModel } from '../model.ts';
import { emptyRegistry, type Registry } from '../registry/registry.ts';
import type { KeptStage } from './rule-stage.ts';

/** What there is of the last compilation, while one is under way. */
export interface Compilation {
  /** The registry of the model; conditions that were compiled for the one before are good for it. */
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
  readonly contexts: RegistryContexts;
  readonly context: RegistryContext;
}

/** Stores what the last finished compilation left. */
export class Compilations {
  #kept: Kept | undefined;

  /** Begins one; what of the registry has changed is indexed here. */
  *begin({ registry = emptyRegistry, absence, hops = [] }: PolicyModel): Work<Compilation> {
    const last = this.#kept;
    const hopNames = hops.join(' ');
    const like = last?.absence === absence && last.hops === hopNames ? last : undefined;
    const contexts = like?.contexts ?? createRegistryContexts(absence, hops);
    const context = like?.registry === registry ? like.context : yield* contexts.contextWork(registry, like?.context);
    const stages = new Map<string, KeptStage>();
    return {
      registry: context,
      last: (name) => last?.stages.get(name),
      put: (name, stage) => void stages.set(name, stage),
      finish: () => {
        this.#kept = { stages, registry, absence, hops: hopNames, contexts, context };
      },
    };
  }
}
