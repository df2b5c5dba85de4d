/**
 * Proofs as they are printed.
 * @module
 */
import { shownDecision } from '../shown.ts';
import type { Counterexample, Party, Proof } from './proof.ts';

/** The JSON of `policy prove`. */
export function proveDocument(proofs: readonly Proof[], pods: number) {
  return {
    universe: { scope: 'any', pods, outside: false },
    complete: true,
    tenants: proofs.map(({ tenant, direction, proved, scope, by, counterexample, beyond, notAhead }) => ({
      tenant,
      direction,
      proved,
      scope,
      ...(proved && { by }),
      ...(counterexample && { counterexample: shownCounterexample(counterexample) }),
      ...(beyond && { beyond: shownCounterexample(beyond) }),
      ...(notAhead !== '' && { unknown: notAheadText(notAhead) }),
    })),
  };
}

/** What is not said of namespaces to come, and why. */
export const notAheadText = (why: string): string => `namespaces to come were not looked at: ${why}`;

function shownCounterexample({ from, to, witness, decision, weakness }: Counterexample) {
  const { protocol, port, http, mtls, claims, request } = witness;
  return {
    from: shownParty(from),
    to: shownParty(to),
    request: { protocol, port, ...(http && { http }), ...(mtls === false && { mtls }), ...(claims && { claims }) },
    decision: shownDecision(decision),
    why: [whyText({ from, to, witness, decision })],
    ...(weakness && { weakness }),
    form: request,
  };
}

function shownParty({ endpoint: { namespace, name, labels, serviceAccount }, when, trustDomain, elsewhere }: Party) {
  return {
    namespace,
    labels: Object.fromEntries(labels),
    serviceAccount,
    ...(when === 'today' && { pod: `${namespace}/${name}` }),
    ...(trustDomain !== undefined && { trustDomain }),
    ...(elsewhere !== undefined && { address: elsewhere }),
  };
}

/** In one sentence. */
export function whyText({ from, to, decision }: Counterexample): string {
  const labelled = (party: Party): string => {
    const { endpoint, when, trustDomain, elsewhere } = party;
    const { namespace, name, labels, serviceAccount } = endpoint;
    const place = elsewhere === undefined ? '' : ` at ${elsewhere}`;
    return when === 'today'
      ? `${namespace}/${name}`
      : trustDomain !== undefined
        ? `a workload of another trust domain, which calls itself ${namespace}/${serviceAccount},`
        : `a pod to come in ${when === 'namespaces' ? 'a namespace to come, ' : ''}${namespace}${place} (${[...labels.map(([key, value]) => `${key}=${value}`), `service account ${serviceAccount}`].join(', ')})`;
  };
  if (decision.effect === 'deny') return `${labelled(from)} is kept from ${labelled(to)} by the source alone`;
  return `${labelled(from)} reaches ${labelled(to)}: ${byText(decision)}`;
}

/** What lets a request pass, in words. */
export function byText({ policy, rule, plane }: Counterexample['decision']): string {
  if (policy === undefined) return 'no policy keeps it out';
  const name = policy.namespace === '' ? policy.name : `${policy.namespace}/${policy.name}`;
  return `${plane} allows it by ${name}${rule === undefined ? '' : ` rule ${rule}`}`;
}
