/**
 * Which workloads a policy applies to.
 * @module
 */
import type { Destination } from '../facts.ts';
import type { Subject } from '../model.ts';
import { type Labels, labelsMatch } from './labels.ts';

/** `unknown`: the policy selects by labels, and the workload's are unknown. */
export type Applies = 'yes' | 'no' | 'unknown';

/** What selects endpoints beyond a namespace and plain labels. */
export interface SubjectContext {
  /** The effective labels of the workload's endpoint, where a registry knows it. */
  readonly endpointLabels?: (destination: Destination) => Labels | undefined;
}

/** Tells whether a subject includes the workload. */
export function applies(subject: Subject, destination: Destination, context: SubjectContext): Applies {
  if (subject.namespace !== undefined && subject.namespace !== destination.namespace) return 'no';
  const { labels } = destination;
  if (subject.labels.length > 0) {
    if (labels === undefined) return 'unknown';
    if (subject.labels.some(([key, value]) => labels.get(key) !== value)) return 'no';
  }
  if (subject.selector === undefined) return 'yes';
  const effective = context.endpointLabels === undefined ? labels : context.endpointLabels(destination);
  if (effective === undefined) return 'unknown';
  return labelsMatch(subject.selector, effective) ? 'yes' : 'no';
}

/** Equal texts, equal subject. */
export function nameOfSubject(subject: Subject): string {
  let name = names.get(subject);
  if (name === undefined) {
    const labels = subject.labels.toSorted(([a], [b]) => (a < b ? -1 : 1));
    name = JSON.stringify([subject.namespace ?? null, labels, subject.selector ?? null]);
    names.set(subject, name);
  }
  return name;
}

const names = new WeakMap<Subject, string>();
