/**
 * Answers, in the proving thread, whether the tenants are alone.
 * @module
 */
import type { Counterexample, Party, Proof } from '../../analysis/proofs/prove/proof.ts';
import { proveTenants } from '../../analysis/proofs/prove/prove.ts';
import { byText, whyText } from '../../analysis/proofs/prove/prove-document.ts';
import { createReplay } from '../../analysis/proofs/replay.ts';
import { BoundMet } from '../../analysis/regions/bound.ts';
import { asGatehouseError } from '../../errors.ts';
import type { PolicyFile, ReadDocument } from '../../policy/read-policies.ts';
import { type ProofConfig, proofSideOf } from '../policy/proof-side.ts';
import { proofTenants } from '../policy/proof-tenants.ts';
import type { Extent, Leak, LeakEnd, ProofAnswer, ProofOrder, ProofOutcome, TenantVerdict } from './proof-order.ts';

/** Answers one order after the other; what one leaves out is what the one before said. */
export function createProver(): (order: ProofOrder) => ProofAnswer {
  let config: ProofConfig | undefined;
  let held: ReadonlyMap<number, ReadDocument> = new Map();
  return (order) => {
    config = order.config ?? config;
    const known = new Map([...held, ...order.documents]);
    held = new Map(order.files.flatMap(({ documents }) => documents.map((each) => [each, known.get(each)!] as const))); // all were told
    const files = order.files.map(({ file, documents }) =>
      fileOf(
        file,
        documents.map((each) => held.get(each)!),
      ),
    ); // as above
    return { id: order.id, ...outcomeOf(files, config!) }; // the first order brings it
  };
}

const fileOf = (file: string, documents: readonly ReadDocument[]): PolicyFile => ({
  ...{ file, documents, findings: [], hasErrors: false, skipped: new Map(), ignores: [] },
});

function outcomeOf(files: readonly PolicyFile[], config: ProofConfig): ProofOutcome {
  try {
    const side = proofSideOf(files, config);
    const { planes, allowEmpty, options } = side;
    const proofs = proveTenants({
      ...{ side, planes, allowEmpty, only: undefined, trustedHops: options.trustedHops },
      believesForeigners: side.believesForeigners,
      tenants: proofTenants(config, side.model.registry),
      replayWith: (model) => createReplay(model, options, allowEmpty),
      progress: () => {},
    });
    return { verdicts: proofs.map(verdictOf) };
  } catch (thrown) {
    if (!(thrown instanceof BoundMet)) return { unknown: asGatehouseError(thrown).message };
    const { message, culprit } = thrown;
    return { unknown: culprit === undefined ? message : `${message} (rule ${culprit.rule} of ${culprit.policy})` };
  }
}

function verdictOf({ tenant, direction, proved, scope, counterexample, beyond }: Proof): TenantVerdict {
  const extent: Extent = counterexample === undefined ? scope : isOfToday(counterexample) ? 'none' : 'today';
  const leak = counterexample ?? beyond;
  return { tenant, direction, proved, extent, leak: leak && leakOf(leak) };
}

const isOfToday = ({ from, to }: Counterexample): boolean => from.when === 'today' && to.when === 'today';

function leakOf(found: Counterexample): Leak {
  const { from, to, witness, decision } = found;
  const { protocol, port, http, mtls } = witness;
  const asked = http === undefined ? '' : `${http.method} ${http.path} for ${http.host} `;
  const request = `${asked}on ${protocol} ${port}${mtls === false ? ' without a certificate' : ''}`;
  const { policy } = decision;
  const text = decision.effect === 'deny' ? 'kept from it by the source alone' : byText(decision);
  const by = policy && { namespace: policy.namespace, name: policy.name, text };
  return { from: endOf(from), to: endOf(to), request, by, why: `${whyText(found)}, by ${request}` };
}

const endOf = ({ endpoint: { namespace, name, labels, serviceAccount }, when, trustDomain }: Party): LeakEnd => ({
  ...{ namespace: trustDomain === undefined ? namespace : '', labels: [...labels], serviceAccount },
  pod: when === 'today' ? name : undefined,
});
