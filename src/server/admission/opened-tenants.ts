/**
 * What a change does to tenants, told to its author: of what lies outside of the namespace of the change nothing is named.
 *
 * That somebody changes an object there is all that is known of what he may see. What he may read elsewhere is not asked for, so
 * that it is taken for nothing.
 * @module
 */
import type { ChangeJudgement } from '../../policy/change/judge-change.ts';
import type { Finding } from '../../policy/documents/finding.ts';
import { lessText, toldText } from '../proofs/leak-text.ts';
import { extents, type ProofOutcome, type TenantVerdict } from '../proofs/proof-order.ts';

/** Tenants that are less alone than before, as they are after. */
export function lostBy(before: readonly TenantVerdict[], after: readonly TenantVerdict[]): readonly TenantVerdict[] {
  return after.filter(({ tenant, direction, extent }) => {
    const was = before.find((one) => one.tenant === tenant && one.direction === direction);
    return was !== undefined && extents.indexOf(extent) < extents.indexOf(was.extent);
  });
}

/** Codes of what tenants lose. */
export const proofCodes: ReadonlySet<string> = new Set(['tenant-opened', 'tenant-unproved']);

/** The findings of a change. @param namespace  of the change; empty: of the whole cluster @param file  how the changed object is named */
export function tenantFindings(
  before: ProofOutcome,
  after: ProofOutcome,
  { namespace, file }: { readonly namespace: string; readonly file: string },
): ChangeJudgement {
  if (before.unknown !== undefined) return { told: [], hidden: [] }; // nothing is promised that could be lost
  if (after.unknown !== undefined)
    return {
      told: [unproved(file, 'after this change nobody could say whether tenants are alone')],
      hidden: [unproved(file, `after this change nobody could say whether tenants are alone: ${after.unknown}`)],
    };
  const lost = lostBy(before.verdicts, after.verdicts);
  return {
    told: lost.flatMap((verdict) => {
      const text = toldText(verdict, namespace);
      return text === undefined ? [] : [opened(file, `with this, ${text}`)];
    }),
    hidden: lost.map((now) =>
      opened(file, `with this, tenant ${now.tenant} ${lessText(now)}: ${now.leak?.why ?? 'no witness'}`),
    ),
  };
}

const finding = (file: string, code: 'tenant-opened' | 'tenant-unproved', message: string, fix: string): Finding => ({
  ...{ file, line: 1, column: 1, severity: 'error', code, path: '', message, fix },
});

const opened = (file: string, message: string): Finding =>
  finding(file, 'tenant-opened', message, 'keep it closed, or have what is meant written in tenants.NAME.shared');

const unproved = (file: string, message: string): Finding =>
  finding(file, 'tenant-unproved', message, 'write it so that it can be proved');
