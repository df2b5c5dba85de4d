/**
 * Decisions as somebody sees them who reads some namespaces only.
 * @module
 */
import type { RedactedDecision } from '../../../authz/record/redacted-decision.ts';
import { type DecisionRecord, decisionRecord } from '../../log/decision-record.ts';
import { idOf, type Sight } from './sight.ts';

/** Whether the destination of a decision lies there. A decision without one is nobody's. */
export const seesDecision = ({ destination }: Pick<RedactedDecision, 'destination'>, { has, hasId }: Sight): boolean =>
  destination !== undefined && has(destination.namespace) && hasId(destination.spiffeId);

/** A decision whose destination lies there: its caller by SPIFFE ID alone where he is elsewhere, and no header. */
export const narrowEntry = (entry: RedactedDecision, sight: Sight): DecisionRecord =>
  narrowRecord(decisionRecord(entry), sight);

/** Whether the destination of a decision of a decider elsewhere lies there, by its SPIFFE ID. */
export const seesRecord = (
  { destination }: { readonly destination?: { readonly spiffeId: string } | undefined },
  { hasId }: Sight,
): boolean => destination !== undefined && hasId(destination.spiffeId);

/** As `narrowEntry`, of a record. */
export function narrowRecord(record: DecisionRecord, sight: Sight): DecisionRecord {
  const {
    id,
    at,
    decision,
    reason,
    plane,
    snapshot,
    stage,
    owner,
    policy,
    rule,
    dryRun,
    destination,
    source,
    request,
  } = record;
  const whose = policy === undefined ? 'own' : sight.whose(policy);
  return {
    id,
    at,
    decision,
    reason,
    ...(plane !== undefined && { plane }),
    ...(stage !== undefined && whose !== 'other' && { stage }),
    ...(owner !== undefined && whose !== 'other' && { owner }),
    ...(policy !== undefined && whose !== 'other' && { policy }),
    ...(rule !== undefined && whose === 'own' && { rule }),
    ...(dryRun && { dryRun: { decision: dryRun.decision, ...named(dryRun.policy, sight) } }),
    snapshot,
    ...(destination && { destination }),
    ...(source && narrowSource(source, sight)),
    ...(request && { request: withoutHeaders(request) }),
  };
}

const named = (policy: string | undefined, { whose }: Sight) =>
  policy !== undefined && whose(policy) !== 'other' ? { policy } : {};

/** What is no SPIFFE ID says who he is by something else, and is not told. */
function narrowSource(source: NonNullable<DecisionRecord['source']>, { hasId }: Sight): Pick<DecisionRecord, 'source'> {
  const { principal } = source;
  if (hasId(principal)) return { source };
  return idOf(principal) === undefined ? {} : { source: { principal } };
}

function withoutHeaders({ protocol, method, host, path, streamId }: NonNullable<DecisionRecord['request']>) {
  return {
    protocol,
    ...(method !== undefined && { method }),
    ...(host !== undefined && { host }),
    ...(path !== undefined && { path }),
    ...(streamId !== undefined && { streamId }),
  };
}
