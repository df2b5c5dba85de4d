/**
 * A pod as selectors.
 * @module
 */
import type { Selector } from '../../../spiffe/selector.ts';
import type { PodFacts } from './pod-facts.ts';

const LABEL = 'k8s:pod-label:';
const CONTAINER = 'k8s:container-name:';

/** What entries ask of pods beyond who they are: a label that nobody asks for is in no selector, and so in no row of the ledger. */
export interface WantedOfPods {
  /** Selectors `k8s:pod-label:KEY:VALUE`. */
  readonly labels: ReadonlySet<Selector>;
  /** Some entry names a container. */
  readonly containers: boolean;
}

/** Finds out what entries ask for. @param selectors  of all entries */
export function wantedOfPods(selectors: Iterable<Selector>): WantedOfPods {
  const all = [...selectors];
  return {
    labels: new Set(all.filter((each) => each.startsWith(LABEL))),
    containers: all.some((each) => each.startsWith(CONTAINER)),
  };
}

/**
 * The selectors of a pod: namespace, service account, UID, the labels that some entry asks for, and its name, which entries cannot
 * ask for and the ledger keeps.
 */
export function selectorsOfPod(
  { namespace, serviceAccount, uid, name, labels }: PodFacts,
  wanted: WantedOfPods,
): Selector[] {
  return [
    `k8s:ns:${namespace}`,
    `k8s:sa:${serviceAccount}`,
    `k8s:pod-uid:${uid}`,
    `k8s:pod-name:${name}`,
    ...Object.entries(labels)
      .map(([key, value]) => `${LABEL}${key}:${value}`)
      .filter((each) => wanted.labels.has(each)),
  ];
}

/** The selector of the container in which a caller runs. */
export function containerSelector(name: string): Selector {
  return `${CONTAINER}${name}`;
}
