/**
 * Whom a change is asked about: the pods of the registry, and those that tests and policies speak of and the registry has not.
 * @module
 */

import type { PolicyModel } from '../../policy/model.ts';
import { type Endpoint, emptyRegistry, type Registry } from '../../policy/registry/registry.ts';
import { parseSpiffeId, serviceAccountOf } from '../../spiffe/spiffe-id.ts';
import { visitAtoms } from '../universe/asked-ranges.ts';
import { withAddresses } from '../universe/with-addresses.ts';

/** An end of a request, as tests write it. */
export interface Party {
  readonly principal?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

const MADE = 'made-up';

/** Makes what gives a model the pods that are spoken of; the same for every model. */
export function createScene(model: PolicyModel, parties: readonly Party[]): (model: PolicyModel) => PolicyModel {
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
  visitAtoms(model.planes, (atom) => {
    if (atom.op !== 'text' || atom.fact.of !== 'peerName') return;
    for (const pattern of atom.any) if (pattern.is === 'exact') wantNamed(pattern.value, []);
  });
  want(MADE, MADE, []);
  const all: Registry =
    withAddresses({ ...model, registry: { ...registry, endpoints: [...registry.endpoints, ...wanted.values()] } })
      .registry ?? registry;
  return (one) => ({ ...one, registry: all });
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
