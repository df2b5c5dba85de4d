/**
 * Which workloads an edit can concern, told without compiling anything: of hundreds of workloads it is most often one.
 * @module
 */
import type { Destination } from '../facts.ts';
import { isEmptyModel, type Plane, type PolicyModel, type Stage, type Subject } from '../model.ts';
import { emptyRegistry } from '../registry/registry.ts';
import { changeBetween } from './filing/change-between.ts';
import { letInOtherwise } from './planes/let-in-otherwise.ts';
import { isSamePlace, mayApply } from './workload-scope.ts';

/** Tells of a workload whether its policy for Envoy may be another by the second model; true where it is not known. */
export function concernedBy(before: PolicyModel, now: PolicyModel): (workload: Destination) => boolean {
  const subjects = changedSubjects(before, now);
  if (subjects === undefined) return () => true;
  const byNamespace = Map.groupBy(subjects, ({ namespace }) => namespace);
  const isLetInOtherwise = letInOtherwise(before, now);
  const registries = [before.registry ?? emptyRegistry, now.registry ?? emptyRegistry] as const;
  return (workload) => {
    if (!isSamePlace(registries, workload)) return true;
    const near = [...(byNamespace.get(undefined) ?? []), ...(byNamespace.get(workload.namespace) ?? [])];
    // an edit of a pod far away may concern many, and mostly concerns few
    return near.some((subject) => mayApply(subject, registries[1], workload)) || isLetInOtherwise(workload);
  };
}

const istioOf = ({ planes }: PolicyModel): readonly Plane[] => planes.filter(({ id }) => id === 'istio');

/** Of the policies of Istio that have come or gone; undefined where more has changed than that. */
function changedSubjects(before: PolicyModel, now: PolicyModel): readonly Subject[] | undefined {
  if (before.absence !== now.absence || isEmptyModel(before) !== isEmptyModel(now)) return undefined;
  const [last, next] = [istioOf(before), istioOf(now)];
  if (last.length !== next.length) return undefined;
  const subjects: Subject[] = [];
  for (const [i, plane] of next.entries()) {
    const some = isLike(last[i]!, plane) ? subjectsBetween(last[i]!.stages, plane.stages) : undefined; // as many
    if (some === undefined) return undefined;
    subjects.push(...some);
  }
  return subjects;
}

const isLike = (a: Plane, b: Plane): boolean =>
  a.mode === b.mode &&
  a.stages.length === b.stages.length &&
  a.stages.every(({ kind }, i) => kind === b.stages[i]!.kind); // as many

function subjectsBetween(before: readonly Stage[], now: readonly Stage[]): readonly Subject[] | undefined {
  const subjects: Subject[] = [];
  for (const [i, stage] of now.entries()) {
    const change = changeBetween<{ readonly subject: Subject }>(before[i]!.policies, stage.policies, Infinity); // as many
    if (change === undefined) return undefined;
    for (const { subject } of [...change.removed, ...change.added]) subjects.push(subject);
  }
  return subjects;
}
