/**
 * Which workloads an edit can concern, told without compiling anything: of hundreds of workloads it is most often one.
 * @module
 */
import type { Destination } from '../facts.ts';
import { isEmptyModel, type Plane, type PolicyModel, type Stage, type Subject } from '../model.ts';
import { emptyRegistry } from '../registry/registry.ts';
import { changeBetween } from './filing/change-between.ts';
import { hasPolicies, isSamePlace, mayApply } from './workload-scope.ts';

/** Tells of a workload whether its policy for Envoy may be another by the second model; true where it is not known. */
export function concernedBy(before: PolicyModel, now: PolicyModel): (workload: Destination) => boolean {
  const subjects = changedSubjects(before, now);
  if (subjects === undefined) return () => true;
  const byNamespace = Map.groupBy(subjects, ({ namespace }) => namespace);
  const registries = [before.registry ?? emptyRegistry, now.registry ?? emptyRegistry] as const;
  const bySelectors = now.planes.some((plane) => plane.id === 'calico' && hasPolicies(plane));
  return (workload) => {
    if (!isSamePlace(registries, workload, bySelectors)) return true;
    const near = [...(byNamespace.get(undefined) ?? []), ...(byNamespace.get(workload.namespace) ?? [])];
    return near.some((subject) => mayApply(subject, registries[1], workload));
  };
}

/** Of the policies that have come or gone; undefined where more has changed than that. */
function changedSubjects(before: PolicyModel, now: PolicyModel): readonly Subject[] | undefined {
  if (before.absence !== now.absence || before.planes.length !== now.planes.length) return undefined;
  if (isEmptyModel(before) !== isEmptyModel(now)) return undefined;
  const subjects: Subject[] = [];
  for (const [i, plane] of now.planes.entries()) {
    const last = before.planes[i]!; // as many
    const some = isLike(last, plane) ? subjectsBetween(last.stages, plane.stages) : undefined;
    if (some === undefined) return undefined;
    subjects.push(...some);
  }
  return subjects;
}

/** Of planes that are not Istio's it matters whether they hold anything at all, and of Calico's which workloads that selects. */
const isLike = (a: Plane, b: Plane): boolean =>
  a.id === b.id &&
  a.mode === b.mode &&
  a.stages.length === b.stages.length &&
  a.stages.every(({ kind }, i) => kind === b.stages[i]!.kind) && // as many
  (a.id === 'istio' || hasPolicies(a) === hasPolicies(b));

function subjectsBetween(before: readonly Stage[], now: readonly Stage[]): readonly Subject[] | undefined {
  const subjects: Subject[] = [];
  for (const [i, stage] of now.entries()) {
    const change = changeBetween<{ readonly subject: Subject }>(before[i]!.policies, stage.policies, Infinity); // as many
    if (change === undefined) return undefined;
    for (const { subject } of [...change.removed, ...change.added]) subjects.push(subject);
  }
  return subjects;
}
