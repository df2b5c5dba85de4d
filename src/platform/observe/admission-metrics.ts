/**
 * Metrics of the admission webhook.
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
