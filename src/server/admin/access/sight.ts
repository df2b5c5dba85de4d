/**
 * What somebody sees who reads some namespaces only.
 *
 * What is not plainly his is not shown: a name that cannot be placed, an ID of another trust domain, a policy of anybody else.
 * @module
 */
import type { Config } from '../../../config/config.ts';
import { GatehouseError } from '../../../errors.ts';
import { parseSpiffeId, serviceAccountOf, trustDomainOf } from '../../../spiffe/spiffe-id.ts';

/** Of what else a policy is: of all (its name may be told, its content not), or of other tenants (nothing may). */
export type Whose = 'own' | 'mesh' | 'other';

/** What lies in a reader's namespaces. */
export interface Sight {
  readonly namespaces: readonly string[];
  has(namespace: string): boolean;
  /** Whether an ID is that of a workload there. */
  hasId(spiffeId: string): boolean;
  /** Whose a policy is, by its name as answers have it: `namespace/name`, or the bare name of what has no namespace. */
  whose(policy: string): Whose;
}

/** Which names mean what. */
export type SightConfig = Pick<Config, 'trustDomain' | 'trustDomainAliases' | 'workloads'> & {
  readonly policies: Pick<Config['policies'], 'rootNamespace'>;
};

/** Makes it of the namespaces of `admin.clients`. */
export function createSight(namespaces: readonly string[], config: SightConfig): Sight {
  const seen = new Set(namespaces);
  const { trustDomain, trustDomainAliases, workloads, policies } = config;
  const own = new Set<string>([trustDomain, ...trustDomainAliases]);
  return {
    namespaces,
    has: (namespace) => seen.has(namespace),
    hasId(text) {
      const id = idOf(text);
      if (id === undefined) return false;
      const named = workloads.filter(({ spiffeId }) => spiffeId === id);
      if (named.length > 0) return named.every(({ namespace }) => seen.has(namespace));
      const account = own.has(trustDomainOf(id)) ? serviceAccountOf(id) : undefined;
      return account !== undefined && seen.has(account.namespace);
    },
    whose(policy) {
      const slash = policy.indexOf('/');
      const namespace = slash < 0 ? '' : policy.slice(0, slash);
      if (seen.has(namespace)) return 'own';
      return namespace === '' || namespace === policies.rootNamespace ? 'mesh' : 'other';
    },
  };
}

/** A SPIFFE ID; undefined for any other text. */
export function idOf(text: string) {
  try {
    return parseSpiffeId(text);
  } catch (thrown) {
    if (thrown instanceof GatehouseError) return undefined;
    throw thrown;
  }
}

/** The one answer to who asks about others, whether there is such a thing or not. */
export function notInSight({ namespaces }: Sight, what: string, fix?: string): GatehouseError {
  return new GatehouseError(
    'caller_not_authorised',
    `${what} is not known to lie in ${namespaces.join(', ')}, which is what you may read: ${fix ?? 'more needs role read without namespaces'}`,
    { namespaces },
  );
}
