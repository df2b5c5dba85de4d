/**
 * Policies that were read and of which no plane is combined.
 * @module
 */
import type { Plane, PlaneId, PolicyModel, PolicyRef } from '../../../policy/model.ts';
import { note } from '../../terminal/output.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { ProofFlags } from './proof-options.ts';

interface LeftOut {
  readonly plane: PlaneId;
  readonly policies: number;
}

/** The planes that are not combined though policies stand in them that stand in no other; those of several models together. */
export function leftOutOf(models: readonly PolicyModel[]): readonly LeftOut[] {
  const planes = models.flatMap((model) => model.planes);
  const asked = new Set(planes.filter(({ mode }) => mode === 'enforce').flatMap(keysOf));
  const left = new Map<PlaneId, Set<string>>();
  for (const plane of planes) {
    if (plane.mode === 'enforce') continue;
    const alone = keysOf(plane).filter((key) => !asked.has(key));
    if (alone.length > 0) left.set(plane.id, new Set([...(left.get(plane.id) ?? []), ...alone]));
  }
  return [...left].map(([plane, keys]) => ({ plane, policies: keys.size }));
}

/** Says so on stderr: an answer without them is easily taken for one with them. Nothing where planes were named. */
export function noteLeftOut(
  terminal: Terminal,
  flags: Pick<ProofFlags, 'planes' | 'plane'>,
  ...models: readonly PolicyModel[]
): void {
  if (flags.planes !== undefined || flags.plane !== undefined) return;
  const combined = models[0]?.planes.filter(({ mode }) => mode === 'enforce').map(({ id }) => id) ?? [];
  for (const { plane, policies } of leftOutOf(models)) {
    const count = policies === 1 ? 'one policy counts' : `${policies} policies count`;
    const fix = `to combine it too, enforce it in the configuration or say --planes ${[...combined, plane].join(',')}`;
    note(
      terminal,
      `plane ${plane} is not among those that are combined (${combined.join(', ')}): ${count} for nothing; ${fix}`,
    );
  }
}

const keysOf = ({ stages }: Plane): readonly string[] =>
  stages.flatMap((stage) => ('policies' in stage ? stage.policies.map(({ ref }) => keyOf(ref)) : []));

const keyOf = ({ kind, namespace, name }: PolicyRef): string => `${kind} ${namespace}/${name}`;
