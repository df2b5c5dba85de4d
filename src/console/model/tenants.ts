/**
 * Proofs of tenants, in words.
 * @module
 */
import type { PoliciesAnswer } from '../../admin-api/policies.ts';
import type { TenantRow } from '../../admin-api/tenants.ts';

const extentTexts: Readonly<Record<TenantRow['extent'], string>> = {
  none: 'no: this passes today',
  today: 'yes, for the pods of today',
  future: 'yes, with pods to come',
  namespaces: 'yes, whatever comes',
};

/** Whether it is alone, and for whom that is proved. */
export function aloneText({ proved, extent }: Pick<TenantRow, 'proved' | 'extent'>): string {
  if (proved || extent === 'none') return extentTexts[extent];
  return extent === 'today' ? 'no: only for the pods of today' : `no: ${extentTexts[extent].replace('yes, ', 'only ')}`;
}

/** The policy of that name that is in force, of whatever kind. */
export function policyOf(
  { planes }: Pick<PoliciesAnswer, 'planes'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
) {
  for (const { stages } of planes)
    for (const { policies } of stages)
      for (const each of policies) if (each.namespace === namespace && each.name === name) return each;
  return undefined;
}
