/**
 * Metrics of the admission webhook, and of what is promised to tenants.
 * @module
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What is counted of it. */
export interface AdmissionMetrics {
  /** One question of a cluster's API server. */
  countReview(outcome: string, seconds: number): void;
  /** Whether the cluster believes our authorities, as it was last looked at. */
  setCaBundleCurrent(isCurrent: boolean): void;
}

/** Adds them; nothing of them is there before the first question. */
export function createAdmissionMetrics(registry: Registry): AdmissionMetrics {
  const registers = [registry];
  const reviews = new Counter({
    name: 'gatehouse_admission_reviews_total',
    help: "Questions of the cluster's API server.",
    labelNames: ['outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'gatehouse_admission_seconds',
    help: 'From a question of the API server to its answer.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers,
  });
  const caBundle = new Gauge({
    name: 'gatehouse_admission_ca_bundle_current',
    help: '1 while the ValidatingWebhookConfiguration holds our authorities.',
    registers,
  });
  caBundle.remove(); // only a server that keeps one has it
  return {
    countReview(outcome, took) {
      reviews.inc({ outcome });
      seconds.observe(took);
    },
    setCaBundleCurrent: (isCurrent) => caBundle.set(isCurrent ? 1 : 0),
  };
}

/** How alone a tenant is, in one direction. */
interface TenantGauge {
  readonly tenant: string;
  readonly direction: 'in' | 'out';
  readonly proved: boolean;
  /** 0: not even today; 1: today; 2: with pods to come; 3: with namespaces to come. */
  readonly extent: number;
}

/** What is said of proofs. */
export interface ProofMetrics {
  setTenant(of: TenantGauge): void;
  countLost(tenant: string, direction: 'in' | 'out'): void;
  /** One proof of all tenants was made. */
  proved(seconds: number): void;
}

/** Adds them; nothing of them is there where nothing is proved. */
export function createProofMetrics(registry: Registry): ProofMetrics {
  const registers = [registry];
  const labelNames = ['tenant', 'direction'];
  const proved = new Gauge({
    name: 'gatehouse_tenant_proved',
    help: '1 while a tenant is proved to be alone; 0 also while nobody can say.',
    ...{ labelNames, registers },
  });
  const extent = new Gauge({
    name: 'gatehouse_tenant_extent',
    help: 'How far that holds: 0 not at all, 1 for pods of today, 2 for pods to come, 3 for namespaces to come.',
    ...{ labelNames, registers },
  });
  const lost = new Counter({
    name: 'gatehouse_tenant_proofs_lost_total',
    help: 'How often a tenant was found less alone than before.',
    ...{ labelNames, registers },
  });
  const seconds = new Gauge({
    name: 'gatehouse_tenant_proof_seconds',
    help: 'How long the last proof of all tenants took.',
    registers,
  });
  seconds.remove(); // only a server that proves has it
  return {
    setTenant({ tenant, direction, ...of }) {
      proved.set({ tenant, direction }, of.proved ? 1 : 0);
      extent.set({ tenant, direction }, of.extent);
    },
    countLost: (tenant, direction) => lost.inc({ tenant, direction }),
    proved: (took) => seconds.set(took),
  };
}
