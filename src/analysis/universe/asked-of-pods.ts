/**
 * What policies ask of pods: at both ends of a request, or at one.
 * @module
 */
import type { LabelExpr } from '../../policy/meaning/labels.ts';
import type { Plane, Policy, Stage, TextPattern } from '../../policy/model.ts';
import { isServiceKey } from '../../policy/registry/registry.ts';
import { visitAtoms } from './asked-ranges.ts';

/** The end of a request that a pod is. */
export type End = 'source' | 'destination';

/** Selectors over effective labels, and labels that a pod itself is to bear. */
interface AskedOfLabels {
  readonly selectors: readonly LabelExpr[];
  readonly pairs: readonly (readonly [key: string, value: string])[];
}

/** Everything by which policies tell pods apart. */
export interface AskedOfPods {
  /** What rules select, wherever a pod is. */
  readonly selectors: readonly LabelExpr[];
  /** Whom the policies that look at a namespace are about. */
  subjectsIn(namespace: string): AskedOfLabels;
  readonly principals: readonly TextPattern[];
  /** Names of service accounts, and selectors over their labels. */
  readonly accounts: ReadonlySet<string>;
  readonly accountSelectors: readonly LabelExpr[];
  readonly portNames: ReadonlySet<string>;
  /** Keys of the Services behind which they may be. */
  readonly services: ReadonlySet<string>;
  /** Where another range of ports begins. */
  readonly portCuts: ReadonlySet<number>;
}

/** Collects it. @param end  what is asked of the other end is left out; undefined: a pod may be both */
export function askedOfPods(planes: readonly Plane[], end: End | undefined): AskedOfPods {
  const selectors = new Map<string, LabelExpr>();
  const accountSelectors = new Map<string, LabelExpr>();
  const principals = new Map<string, TextPattern>();
  const [accounts, portNames, portCuts] = [new Set<string>(), new Set<string>(), new Set<number>([1, 65_536])];
  const services = new Set<string>();
  const addServices = (selector: LabelExpr): void => {
    if (selector.op === 'not') addServices(selector.of);
    else if ('of' in selector) selector.of.forEach(addServices);
    else if (isServiceKey(selector.key)) services.add(selector.key);
  };
  const isAsked = (of: End): boolean => end === undefined || end === of;
  visitAtoms(planes, (atom) => {
    if (atom.op === 'endpoint' && isAsked(atom.end)) {
      addServices(atom.selector);
      put(selectors, atom.selector);
    } else if (atom.op === 'namedPort' && isAsked(atom.end))
      (isServiceKey(atom.name) ? services : portNames).add(atom.name);
    else if (atom.op === 'port') for (const { from, to } of atom.any) portCuts.add(from).add(to + 1);
    else if (atom.op === 'text' && atom.fact.of === 'peerName' && isAsked('source'))
      for (const pattern of atom.any) put(principals, pattern);
    else if (atom.op === 'identity' && isAsked(atom.end)) {
      for (const name of atom.names ?? []) accounts.add(name);
      if (atom.serviceAccount !== undefined) put(accountSelectors, atom.serviceAccount);
    }
  });
  return {
    ...{ accounts, portNames, portCuts, services, subjectsIn: subjectsOf(planes, end) },
    ...{ selectors: [...selectors.values()], principals: [...principals.values()] },
    accountSelectors: [...accountSelectors.values()],
  };
}

const put = <T>(into: Map<string, T>, value: T): unknown => into.set(JSON.stringify(value), value);

/** Puts policies together by the namespace that they look at. */
function subjectsOf(planes: readonly Plane[], end: End | undefined): AskedOfPods['subjectsIn'] {
  const asked = planes.flatMap((plane) =>
    plane.stages.flatMap((stage): readonly Pick<Policy, 'subject'>[] =>
      end === undefined || end === endOfSubjects(plane, stage) ? stage.policies : [],
    ),
  );
  const byNamespace = Map.groupBy(asked, ({ subject }) => subject.namespace);
  return (namespace) => {
    const selectors = new Map<string, LabelExpr>();
    const pairs = new Map<string, readonly [string, string]>();
    for (const { subject } of [...(byNamespace.get(undefined) ?? []), ...(byNamespace.get(namespace) ?? [])]) {
      for (const pair of subject.labels) put(pairs, pair);
      if (subject.selector !== undefined) put(selectors, subject.selector);
    }
    return { selectors: [...selectors.values()], pairs: [...pairs.values()] };
  };
}

/** Whose pods a stage's policies select: the network keeps in, too. */
const endOfSubjects = ({ id }: Plane, stage: Stage): End =>
  id === 'l4' && 'direction' in stage && stage.direction === 'egress' ? 'source' : 'destination';
