/**
 * Labels that select the pods of one service account, and no others.
 * @module
 */
import type { Endpoint } from '../../policy/registry/registry.ts';

/** Labels for `matchLabels`. */
export type MatchLabels = Readonly<Record<string, string>>;

/** Labels that stay from one version of a workload to the next come first. */
const USUAL = ['app.kubernetes.io/name', 'app', 'k8s-app'];
/** Those that a controller gives to one generation of pods. */
const PASSING = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
]);

/**
 * Finds the fewest labels.
 *
 * @returns a sentence where there are none
 */
export function labelsOf(
  { namespace, serviceAccount }: Pick<Endpoint, 'namespace' | 'serviceAccount'>,
  endpoints: readonly Endpoint[],
): MatchLabels | string {
  const inside = endpoints.filter((each) => each.namespace === namespace);
  const own = inside.filter((each) => each.serviceAccount === serviceAccount);
  const name = `${namespace}/${serviceAccount}`;
  const [first] = own;
  if (first === undefined)
    return `no pod of ${name} is known, so that its labels are not: name the registry that has it (policies.registry, --registry)`;
  const others = inside.filter((each) => each.serviceAccount !== serviceAccount).map(({ labels }) => new Map(labels));
  const all = first.labels.filter(
    ([key, value]) => !PASSING.has(key) && own.every(({ labels }) => new Map(labels).get(key) === value),
  );
  const ranked = all.toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const tells = (some: typeof all): boolean =>
    !others.some((labels) => some.every(([key, value]) => labels.get(key) === value));
  const one = ranked.find((label) => tells([label]));
  if (one !== undefined) return { [one[0]]: one[1] };
  if (ranked.length > 0 && tells(ranked)) return Object.fromEntries(ranked);
  return `no labels that all pods of ${name} have tell them from the other pods of ${namespace}: give them one of their own`;
}

const rank = (key: string): number => (USUAL.includes(key) ? USUAL.indexOf(key) : USUAL.length);
