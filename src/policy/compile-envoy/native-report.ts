/**
 * What Envoy could decide by itself of some policies, told before anything is in force: workload by workload, what asks and why.
 * @module
 */
import type { Destination } from '../facts.ts';
import type { PolicyModel, Subject } from '../model.ts';
import { type NativePolicy, nativePolicyOf } from './native-policy.ts';
import type { AskReason, NativeSettings } from './native-settings.ts';

/** One kind of workload that the policies tell apart. */
export interface NativeRow {
  readonly namespace: string;
  /** What selectors say of it. */
  readonly labels: readonly (readonly [key: string, value: string])[];
  /** Why all of its requests ask; undefined if they do not. */
  readonly everything: string | undefined;
  /** Of the filter of HTTP requests. */
  readonly bytes: number;
  readonly asks: readonly AskReason[];
}

/** Tells it of each namespace and each set of labels that a selector names there. */
export function nativeReport(model: PolicyModel, settings: NativeSettings, trustDomain: string): readonly NativeRow[] {
  const rows = new Map<string, NativeRow>();
  for (const { namespace, labels } of subjectsOf(model)) {
    const name = JSON.stringify([namespace, labels]);
    if (rows.has(name)) continue;
    const workload: Destination = {
      spiffeId: `spiffe://${trustDomain}/ns/${namespace}/sa/default`,
      ...{ namespace, serviceAccount: 'default', labels: new Map(labels) },
    };
    const { everything, http, asks }: NativePolicy = nativePolicyOf(model, workload, settings);
    rows.set(name, { namespace, labels, everything, bytes: http.length, asks });
  }
  return [...rows.keys()].sort().map((name) => rows.get(name)!); // of its own keys
}

/** A policy of every namespace is told of the namespaces that others name, or of `default`. */
function subjectsOf({
  planes,
}: PolicyModel): readonly { readonly namespace: string; readonly labels: NativeRow['labels'] }[] {
  const subjects: Pick<Subject, 'namespace' | 'labels'>[] = [];
  for (const { stages } of planes)
    for (const { policies } of stages) for (const { subject } of policies) subjects.push(subject);
  const named = new Set(subjects.flatMap(({ namespace }) => namespace ?? []));
  const namespaces = named.size > 0 ? [...named] : ['default'];
  const plain = namespaces.map((namespace) => ({ namespace, labels: [] }));
  const selected = subjects
    .filter(({ labels }) => labels.length > 0)
    .flatMap(({ namespace, labels }) =>
      (namespace === undefined ? namespaces : [namespace]).map((each) => ({
        namespace: each,
        labels: labels.toSorted(([a], [b]) => (a < b ? -1 : 1)),
      })),
    );
  return [...plain, ...selected];
}
