/**
 * Metrics of the certificates that kubelets ask for, and of the roots that they mount.
 * @module
 */
import { Counter, Gauge, type Registry } from 'prom-client';

/** What the signer of a cluster counts. */
export interface PodCertificateMetrics {
  /** One request more has its answer. */
  count(result: 'issued' | 'denied'): void;
  /** Requests that wait, by why. */
  setWaiting(byReason: ReadonlyMap<string, number>): void;
  /** Somebody else has changed the bundle. */
  countEdit(): void;
  /** Whether the bundle in the cluster has just our roots. */
  setBundleUp(isUp: boolean): void;
  setLeads(leads: boolean): void;
}

/** Registers them. */
export function createPodCertificateMetrics(register: Registry): PodCertificateMetrics {
  const registers = [register];
  const answered = new Counter({
    name: 'gatehouse_pod_certificate_requests_total',
    help: 'PodCertificateRequests that were answered by this replica.',
    labelNames: ['result'],
    registers,
  });
  const waiting = new Gauge({
    name: 'gatehouse_pod_certificate_requests_waiting',
    help: 'PodCertificateRequests without an answer, by why they wait.',
    labelNames: ['reason'],
    registers,
  });
  const edits = new Counter({
    name: 'gatehouse_trust_bundle_edits_total',
    help: 'Times that somebody else changed the ClusterTrustBundle, and it was put back.',
    registers,
  });
  const up = new Gauge({
    name: 'gatehouse_trust_bundle_up',
    help: '1 while the ClusterTrustBundle is known to hold our roots and no others.',
    registers,
  });
  const leads = new Gauge({
    name: 'gatehouse_kubernetes_leader',
    help: '1 for the replica that writes to the cluster.',
    registers,
  });
  for (const each of [up, leads]) each.remove(); // a server without a signer has none
  return {
    count: (result) => answered.inc({ result }),
    setWaiting(byReason) {
      waiting.reset();
      for (const [reason, count] of byReason) waiting.set({ reason }, count);
    },
    countEdit: () => edits.inc(),
    setBundleUp: (isUp) => up.set(isUp ? 1 : 0),
    setLeads: (value) => leads.set(value ? 1 : 0),
  };
}
