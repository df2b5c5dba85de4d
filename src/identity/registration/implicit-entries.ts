/**
 * Identities without an entry: in the namespaces that the configuration names, a service account is its own SPIFFE ID.
 * @module
 */
import type { Watchable } from '../../lib/watchable.ts';
import type { Selector } from '../../spiffe/selector.ts';
import { parseSpiffeId, type SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Terms } from './entries.ts';
import type { Entry } from './entry.ts';

/** A service account, as attestation has established it. */
interface ServiceAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** Gives a caller the entry that nobody wrote; undefined where none is implied. */
export type ImplicitEntry = (selectors: readonly Selector[]) => Entry | undefined;

export interface ImplicitDeps {
  readonly trustDomain: TrustDomain;
  /** Those in which it holds, at this moment. */
  readonly namespaces: Watchable<ReadonlySet<string>>;
  /** Read at every question: the configuration may change. */
  readonly terms: () => Terms & Pick<Entry, 'federatesWith'>;
}

/** Creates it. */
export function createImplicitEntry({ trustDomain, namespaces, terms }: ImplicitDeps): ImplicitEntry {
  return (attested) => {
    const account = accountIn(attested);
    if (account === undefined || !namespaces.value.has(account.namespace)) return undefined;
    const { namespace, serviceAccount } = account;
    return {
      spiffeId: idOfAccount(trustDomain, account),
      selectors: [`k8s:ns:${namespace}`, `k8s:sa:${serviceAccount}`],
      ...terms(),
      ...{ dnsNames: [], hint: '' },
      origin: 'attestation.kubernetes.implicit',
    };
  };
}

/** The service account that selectors name; undefined unless they name one, and one namespace. */
function accountIn(selectors: readonly Selector[]): ServiceAccount | undefined {
  const valuesOf = (kind: string): string[] =>
    selectors.filter((each) => each.startsWith(kind)).map((each) => each.slice(kind.length));
  const [namespaces, accounts] = [valuesOf('k8s:ns:'), valuesOf('k8s:sa:')];
  const [namespace, serviceAccount] = [namespaces[0], accounts[0]];
  if (namespace === undefined || serviceAccount === undefined || namespaces.length + accounts.length > 2)
    return undefined;
  return { namespace, serviceAccount };
}

/** The SPIFFE ID of a service account, as Istio writes it. */
function idOfAccount(trustDomain: TrustDomain, { namespace, serviceAccount }: ServiceAccount): SpiffeId {
  return parseSpiffeId(`spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`);
}
