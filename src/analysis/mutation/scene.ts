/**
 * Whom a change is asked about: the pods of the registry, and those that tests and policies speak of and the registry has not.
 * @module
 */

import type { Destination } from '../../policy/facts.ts';
import { labelsMatch } from '../../policy/meaning/labels.ts';
import { createRegistryContext, type RegistryContext } from '../../policy/meaning/registry-context.ts';
import { applies } from '../../policy/meaning/subject.ts';
import type { Atom, PolicyModel, PolicyRef, TextPattern } from '../../policy/model.ts';
import { type Endpoint, emptyRegistry } from '../../policy/registry/registry.ts';
import { parseSpiffeId, serviceAccountOf } from '../../spiffe/spiffe-id.ts';
import { EMPTY } from '../regions/domain.ts';
import { languageDomain } from '../regions/languages.ts';
import { anyOf, literal } from '../regions/pattern-automaton.ts';
import { sampleText } from '../regions/sample.ts';
import { visitAtoms } from '../universe/asked-ranges.ts';
import { withAddresses } from '../universe/with-addresses.ts';

/** An end of a request, as tests write it. */
export interface Party {
  readonly principal?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

const MADE = 'made-up';

/** Where changes are asked about. */
export interface Scene {
  /** The same policies, with all pods that are spoken of. */
  of(model: PolicyModel): PolicyModel;
  /** Whether a policy and its rules are about pods that are there; where they are not, no difference says nothing. */
  holds(policy: PolicyRef): boolean;
}

/** Makes the scene of a model and of the ends that its tests ask about. */
export function createScene(model: PolicyModel, trustDomain: string, parties: readonly Party[]): Scene {
  const registry = model.registry ?? emptyRegistry;
  const wanted = new Map<string, Endpoint>();
  const want = (namespace: string, serviceAccount: string, labels: Endpoint['labels']): void => {
    const key = JSON.stringify([namespace, serviceAccount, labels]);
    const isThere = registry.endpoints.some((one) => isLike(one, namespace, serviceAccount, labels));
    if (isThere || wanted.has(key)) return;
    const name = `${MADE}-${wanted.size + 1}`;
    wanted.set(key, { namespace, name, serviceAccount, labels, addresses: [], ports: [], hostNetwork: false });
  };
  const wantNamed = (principal: string, labels: Endpoint['labels']): void => {
    const account = accountOf(principal);
    if (account !== undefined) want(account.namespace, account.serviceAccount, labels);
  };
  for (const { principal = '', labels = {} } of parties) wantNamed(principal, Object.entries(labels));
  for (const stage of model.planes.flatMap(({ stages }) => stages))
    for (const { subject, ref } of stage.policies)
      want(subject.namespace ?? (ref.namespace || MADE), MADE, subject.labels);
  const named = createNamed(trustDomain);
  visitAtoms(model.planes, (atom) => {
    if (atom.op !== 'text' || atom.fact.of !== 'peerName') return;
    for (const pattern of atom.any) for (const principal of named(pattern)) wantNamed(principal, []);
  });
  want(MADE, MADE, []);
  const endpoints = [...registry.endpoints, ...wanted.values()];
  const all = withAddresses({ ...model, registry: { ...registry, endpoints } });
  return { of: (one) => ({ ...one, ...(all.registry && { registry: all.registry }) }), holds: createHolds(all) };
}

/** Makes names of pods for a pattern of principals: one that it takes, and one that it does not. */
function createNamed(trustDomain: string): (pattern: TextPattern) => readonly string[] {
  const name = [{ bytes: lowerAlnum }, anyOf(inName)];
  const texts = languageDomain({
    universe: [[...literal(`spiffe://${trustDomain}/ns/`), ...name, ...literal('/sa/'), ...name]],
  });
  return (pattern) => {
    const taken = texts.ofPatterns([pattern]);
    const sets = [taken, texts.minus(texts.full, taken)].filter((set) => set !== EMPTY);
    return sets.map((set) => sampleText(texts.automatonOf(set)));
  };
}

const lowerAlnum = [
  [48, 57],
  [97, 122],
] as const;
const inName = [[45, 45], ...lowerAlnum] as const;

function createHolds({ planes, registry = emptyRegistry, absence, hops }: PolicyModel): Scene['holds'] {
  const context = createRegistryContext(registry, absence, hops);
  const pods = registry.endpoints.map(context.destinationOf);
  const known = new Map<string, boolean>();
  for (const { id, stages } of planes)
    for (const stage of stages) {
      for (const { ref, subject } of stage.policies) {
        const isAbout = pods.some((pod) => applies(subject, pod, context) === 'yes');
        known.set(JSON.stringify(ref), isAbout && known.get(JSON.stringify(ref)) !== false);
      }
      if (stage.kind === 'transport' || stage.kind === 'token') continue;
      for (const policy of stage.policies)
        visitAtoms([{ id, mode: 'enforce', stages: [{ ...stage, policies: [policy] }] }], (atom) => {
          if (isMet(atom, pods, context)) return;
          known.set(JSON.stringify(policy.ref), false);
        });
    }
  return (ref) => known.get(JSON.stringify(ref)) ?? false;
}

/** Whether a condition on pods is met by one that is there; conditions on accounts and named ports go by what the registry says. */
function isMet(atom: Atom, pods: readonly Destination[], context: RegistryContext): boolean {
  if (atom.op === 'identity' || atom.op === 'namedPort') return false;
  if (atom.op !== 'endpoint') return true;
  return pods.some((pod) => {
    const labels = context.endpointLabels(pod);
    return labels !== undefined && labelsMatch(atom.selector, labels);
  });
}

function isLike(one: Endpoint, namespace: string, serviceAccount: string, labels: Endpoint['labels']): boolean {
  const own = new Map(one.labels);
  return (
    one.namespace === namespace &&
    (serviceAccount === MADE || one.serviceAccount === serviceAccount) &&
    labels.every(([key, value]) => own.get(key) === value)
  );
}

function accountOf(principal: string): { readonly namespace: string; readonly serviceAccount: string } | undefined {
  try {
    return serviceAccountOf(parseSpiffeId(principal));
  } catch {
    return undefined; // a name that is no SPIFFE ID is no pod's
  }
}
