/**
 * Holds changes against what tenants are promised: the proof of what would be in force, beside that of what is.
 * @module
 */
import type { ChangeJudgement } from '../../policy/change/judge-change.ts';
import { extents, type ProofOutcome, type TenantVerdict } from '../proofs/proof-order.ts';
import type { ProofQuestion, ProofThread } from '../proofs/proof-thread.ts';
import type { ProofState } from '../proofs/standing-proof.ts';
import { type ChangeRules, changedFiles } from './changed-files.ts';
import { objectName } from './judge-review.ts';
import { lostBy, tenantFindings } from './opened-tenants.ts';
import type { ReviewRequest } from './review.ts';

export interface ChangeProverDeps {
  /** What is in force now. */
  readonly rules: () => ChangeRules | undefined;
  readonly config: () => ProofQuestion['config'];
  /** The proof that stands, of what was in force when it was made. */
  readonly standing: () => ProofState;
  readonly thread: Pick<ProofThread, 'prove'>;
}

/** Judges a change by its proof; undefined: not in time. */
export type ProveChange = (request: ReviewRequest, untilMs: number) => Promise<ChangeJudgement | undefined>;

const nothing: ChangeJudgement = { told: [], hidden: [] };

/** Creates it. `untilMs` is of `performance.now()`. */
export function createProveChange({ rules, config, standing, thread }: ChangeProverDeps): ProveChange {
  return async (request, untilMs) => {
    const now = rules();
    if (now === undefined) return undefined;
    const files = changedFiles(request, now);
    if (files === undefined) return nothing;
    const ask = (of: ProofQuestion['files']): Promise<ProofOutcome | undefined> =>
      thread.prove({ files: of, config: config() }, untilMs - performance.now());
    const after = await ask(files);
    if (after === undefined) return undefined;
    const { outcome, of } = standing();
    // An older proof is good enough to say that nothing is lost, not to say by whom.
    if (outcome !== undefined && of !== now.files && isNoWorse(outcome, after)) return nothing;
    const before = of === now.files && outcome !== undefined ? outcome : await ask(now.files);
    if (before === undefined) return undefined;
    const { namespace, kind, name } = request;
    const own = kind.group === '' && kind.kind === 'Namespace' ? name : namespace;
    return tenantFindings(before, after, { namespace: own, file: objectName(request) });
  };
}

/** Whether everything is proved as far as it can be, or as it was. */
function isNoWorse(before: ProofOutcome, after: ProofOutcome): boolean {
  if (after.unknown !== undefined) return false;
  const isWhole = ({ extent }: TenantVerdict): boolean => extent === extents.at(-1);
  if (after.verdicts.every(isWhole)) return true;
  return before.unknown === undefined && lostBy(before.verdicts, after.verdicts).length === 0;
}
