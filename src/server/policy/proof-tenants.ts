/**
 * The tenants of a configuration, as the exact analysis takes them.
 * @module
 */
import { type Tenant, tenantOf } from '../../analysis/proofs/prove/tenants.ts';
import type { Config } from '../../config/config.ts';
import { GatehouseError } from '../../errors.ts';
import { parseSelector } from '../../policy/dialects/calico/selector.ts';
import type { LabelExpr } from '../../policy/meaning/labels.ts';
import { createLabelIndex } from '../../policy/registry/effective-labels.ts';
import { emptyRegistry, type Registry } from '../../policy/registry/registry.ts';

/**
 * Reads the tenants.
 *
 * @throws GatehouseError `config_invalid` where there is none, one selects nothing, or two hold one namespace
 */
export function proofTenants(
  { tenants }: Pick<Config, 'tenants'>,
  registry: Registry = emptyRegistry,
): readonly Tenant[] {
  const made = Object.entries(tenants).map(
    ([name, { namespaces, isolation, shared, claims }]): Tenant => ({
      ...{ name, isolation, claims },
      shared: shared.map(({ from, to, region }) => ({ from, to, region })),
      namespaces: Array.isArray(namespaces) ? namespaces : selectorOf(name, namespaces),
    }),
  );
  if (made.length === 0) throw wrong('tenants: there is none to prove anything of: name their namespaces');
  const index = createLabelIndex(registry);
  const known = new Set([
    ...registry.namespaces.map(({ name }) => name),
    ...registry.endpoints.map(({ namespace }) => namespace),
  ]);
  for (const namespace of known) {
    const holders = made.filter((one) => tenantOf([one], namespace, index.ofNamespace(namespace)) !== undefined);
    if (holders.length > 1)
      throw wrong(
        `tenants: namespace ${namespace} is of both ${holders[0]!.name} and ${holders[1]!.name}: let one have it`,
      );
  }
  for (const one of made)
    if (![...known].some((namespace) => tenantOf([one], namespace, index.ofNamespace(namespace)) !== undefined))
      throw wrong(`tenants.${one.name}.namespaces: no namespace of the registry is of it: nothing would be proved`);
  return made;
}

type Selector = Exclude<Config['tenants'][string]['namespaces'], readonly string[]>;

function selectorOf(name: string, selector: Selector): LabelExpr {
  if (typeof selector !== 'string') {
    return {
      op: 'all',
      of: [
        ...Object.entries(selector.matchLabels).map(([key, value]): LabelExpr => ({ op: 'in', key, values: [value] })),
        ...selector.matchExpressions.map(({ key, operator, values }): LabelExpr => {
          const expr: LabelExpr = operator.endsWith('In') ? { op: 'in', key, values } : { op: 'has', key };
          return operator === 'NotIn' || operator === 'DoesNotExist' ? { op: 'not', of: expr } : expr;
        }),
      ],
    };
  }
  const read = parseSelector(selector);
  if (read.ok && !read.global) return read.expr;
  const message = read.ok ? 'global() selects no namespace' : `column ${read.column}: ${read.message}`;
  throw wrong(`tenants.${name}.namespaces: ${message}; write a selector as Calico does, such as team == 'red'`);
}

const wrong = (message: string): GatehouseError => new GatehouseError('config_invalid', message);
