/**
 * The planes beside Istio's that are enforced, and what is other in those of two models.
 * @module
 */
import type { Plane, PlaneId, PolicyModel, Stage, Subject } from '../../model.ts';
import { changeBetween, sameEnds } from '../filing/change-between.ts';

const enforcedIn = new WeakMap<readonly Plane[], readonly Plane[]>();

/** The planes of a model that can refuse what Istio's allows; of one model the same value. */
export function enforcedPlanes({ planes }: Pick<PolicyModel, 'planes'>): readonly Plane[] {
  const enforced = enforcedIn.get(planes) ?? planes.filter(({ id, mode }) => id !== 'istio' && mode === 'enforce');
  enforcedIn.set(planes, enforced);
  return enforced;
}

/** Whom policies select that have come, gone or changed places with others. */
export interface ChangedSubjects {
  /** As the workload that is called. */
  readonly ingress: readonly Subject[];
  /** As the caller. */
  readonly egress: readonly Subject[];
}

/** Finds them. Undefined: everybody may be concerned. */
export function subjectsBetween(before: readonly Plane[], now: readonly Plane[]): ChangedSubjects | undefined {
  const changed = { ingress: [] as Subject[], egress: [] as Subject[] };
  for (const id of ['calico', 'l4', 'site'] as const) {
    const [was, is] = [stagesOf(before, id), stagesOf(now, id)];
    // the network has a say over everybody as soon as it is there
    if (id === 'l4' && (was === undefined) !== (is === undefined)) return undefined;
    for (const { direction, policies } of changedIn(was ?? [], is ?? []))
      changed[id === 'l4' ? direction : 'ingress'].push(...policies.map(({ subject }) => subject));
  }
  return changed;
}

const stagesOf = (planes: readonly Plane[], id: PlaneId): readonly Stage[] | undefined =>
  planes.find((plane) => plane.id === id)?.stages;

interface ChangedStage {
  readonly direction: 'ingress' | 'egress';
  readonly policies: readonly { readonly subject: Subject }[];
}

/** Stages are the same by all but their policies; a stage that selects nobody says nothing. */
function changedIn(before: readonly Stage[], now: readonly Stage[]): readonly ChangedStage[] {
  const [was, is] = [before.map(stageName), now.map(stageName)];
  const { head, tail } = sameEnds(was, is);
  const changed: ChangedStage[] = [];
  const add = (stage: Stage, policies: ChangedStage['policies']): void => {
    changed.push({ direction: ('direction' in stage ? stage.direction : undefined) ?? 'ingress', policies });
  };
  for (const each of [before.slice(head, was.length - tail), now.slice(head, is.length - tail)].flat())
    add(each, each.policies);
  const others = [...now.slice(0, head), ...now.slice(is.length - tail)];
  for (const [i, stage] of [...before.slice(0, head), ...before.slice(was.length - tail)].entries()) {
    const other = others[i]!; // as many
    const change = changeBetween<ChangedStage['policies'][number]>(stage.policies, other.policies, Infinity);
    add(stage, change === undefined ? [...stage.policies, ...other.policies] : [...change.removed, ...change.added]);
  }
  return changed;
}

const stageName = (stage: Stage): string => JSON.stringify({ ...stage, policies: undefined });
