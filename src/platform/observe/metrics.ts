/**
 * The metrics of the contract. Names and labels are what dashboards rely on: add, never change.
 * @module
 */
import { Counter, Gauge, Registry } from 'prom-client';
import type { ErrorCode } from '../../errors.ts';
import {
  type AdmissionMetrics,
  createAdmissionMetrics,
  createProofMetrics,
  type ProofMetrics,
} from './cluster/admission-metrics.ts';
import { createClusterMetrics, type SetCluster } from './cluster/cluster-metrics.ts';
import { createPodCertificateMetrics, type PodCertificateMetrics } from './cluster/pod-certificate-metrics.ts';
import { createFederationMetrics, type FederationMetrics } from './federation-metrics.ts';
import { createNativeMetrics, type NativeMetrics } from './native-metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { createRemoteMetrics, type RemoteDeciderCounts } from './remote-metrics.ts';
import { type CountedRule, createRuleMetrics } from './rule-metrics.ts';
import { createTokenMetrics } from './token-metrics.ts';

/** A histogram that was counted elsewhere: not cumulative, one count a bound and one for the rest. */
export interface LatencyCounts {
  readonly latency: readonly number[];
  readonly latencySumSeconds: number;
}

export interface MetricsDeps {
  /** Upper bounds of the latency buckets, in seconds. */
  readonly latencyBounds: readonly number[];
  /** Asked when the metrics are read, before they are written out: sets what is only known by looking. */
  readonly look: (metrics: Metrics) => Promise<void>;
}

/** Which of our HTTP/2 servers: under Check, or under the Workload API and SDS. */
export type LaneListener =
  | 'ext-authz'
  | 'http-auth'
  | 'workload-api'
  | 'feed'
  | 'istio-ca'
  | 'xds'
  | 'access-log'
  | 'bundle'
  | 'oidc'
  | 'admin'
  | 'admission'
  | 'health';

/** All metrics of a server. Counts are added, gauges replaced; durations are in seconds. */
export interface Metrics extends AdmissionMetrics, CandidateMetrics {
  readonly proofs: ProofMetrics;
  countChecks(decision: string, reason: string, count: number): void;
  addLatency(counts: LatencyCounts): void;
  countDropped(count: number): void;
  /** Decisions of rules. */
  countHits(rules: readonly CountedRule[]): void;
  countLoadError(): void;
  countIssued(kind: 'x509' | 'jwt'): void;
  /** An SVID that somebody is entitled to and did not get. */
  countNotIssued(code: ErrorCode): void;
  countUnverifiedPeers(count: number): void;
  countAmbiguousRequests(count: number): void;
  /** Decisions that agreed and that disagreed with Envoy's own RBAC in the shadow. */
  countParity(counts: { readonly agreements: number; readonly disagreements: number }): void;
  moveStreams(protocol: string, by: 1 | -1): void;
  setGeneration(generation: number): void;
  setPolicies(counts: readonly { readonly dialect: string; readonly kind: string; readonly count: number }[]): void;
  /** Seconds until the first of the SVIDs that were issued last, one a SPIFFE ID, expires; undefined: none is out. */
  setSvidExpiry(seconds: number | undefined): void;
  /** The shortest life, in seconds, that the configuration gives a certificate. */
  setSvidTtl(seconds: number): void;
  /** SPIFFE IDs whose last SVID has expired. */
  countLapsed(count: number): void;
  setAuthorityExpiry(bySlot: ReadonlyMap<string, number>): void;
  /** Seconds until what the upstream CA signs stops verifying, and what there is to say of it, by code. */
  setUpstream(seconds: number | undefined, codes: readonly string[]): void;
  setUnacknowledged(consumers: number): void;
  /** SVIDs that are due and wait for their turn. */
  setRenewalsWaiting(count: number): void;
  setTaintPaused(paused: boolean): void;
  setStoreUp(up: boolean): void;
  /** Of the token that our keys are on; never called without one. */
  setTokenUp(up: boolean): void;
  /** By service of grpc.health.v1 whether it serves. */
  setServing(services: ReadonlyMap<string, boolean>): void;
  setDeciders(running: number, wanted: number): void;
  /** Of the primary. */
  setDescriptors(open: number, max: number): void;
  /** Of a server that is only a decider. */
  setFeedAge(seconds: number): void;
  /** Since the last time: what the lane refused, what was no gRPC, and what was hostile, by kind. */
  countLane(
    listener: LaneListener,
    tally: {
      readonly refusals: number;
      readonly notGrpc: number;
      readonly hostile: readonly (readonly [kind: string, count: number])[];
    },
  ): void;
  setLaneConnections(listener: LaneListener, open: number): void;
  setCluster: SetCluster;
  /** What deciders elsewhere have reported. */
  setRemote(deciders: readonly RemoteDeciderCounts[]): void;
  readonly federation: FederationMetrics;
  readonly podCertificates: PodCertificateMetrics;
  readonly native: NativeMetrics;
  /** Everything as Prometheus reads it. */
  text(): Promise<string>;
}

type Make<T> = (name: string, help: string, labelNames?: string[]) => T;

/** Creates the metrics, all at zero. */
export function createMetrics({ latencyBounds, look }: MetricsDeps): Metrics {
  const registers = [new Registry()];
  addProcessMetrics(registers[0]!);
  const counter: Make<Counter> = (name, help, labelNames = []) => new Counter({ name, help, labelNames, registers });
  const gauge: Make<Gauge> = (name, help, labelNames = []) => new Gauge({ name, help, labelNames, registers });

  const checks = counter('gatehouse_check_total', 'Checks answered.', ['decision', 'reason']);
  const generation = gauge('gatehouse_snapshot_generation', 'Generation of policy that every decider decides by.');
  const loadErrors = counter('gatehouse_snapshot_load_errors_total', 'Policy changes that could not come into force.');
  const policies = gauge('gatehouse_policies', 'Policy documents in force.', ['dialect', 'kind']);
  const issued = counter('gatehouse_svid_issued_total', 'SVIDs issued.', ['kind']);
  const svidExpiry = gauge(
    'gatehouse_svid_expiry_seconds',
    'Until the first of the latest SVIDs expires; +Inf: none is out.',
  );
  svidExpiry.set(Number.POSITIVE_INFINITY);
  const svidTtl = gauge('gatehouse_svid_ttl_seconds', 'The shortest life that a certificate is given.');
  const svidLapsed = counter('gatehouse_svid_lapsed_total', 'SPIFFE IDs whose latest SVID expired: nobody renewed it.');
  const authorityExpiry = gauge('gatehouse_authority_expiry_seconds', 'Until the authority expires.', ['slot']);
  const upstreamExpiry = gauge(
    'gatehouse_upstream_expiry_seconds',
    'Until what the upstream CA signs stops verifying; +Inf: there is none.',
  );
  const upstreamFindings = gauge('gatehouse_upstream_findings', 'What is wrong with the upstream CA.', ['code']);
  upstreamExpiry.set(Number.POSITIVE_INFINITY);
  const streams = gauge('gatehouse_stream_open', 'Open streams of consumers.', ['protocol']);
  const unacknowledged = gauge(
    'gatehouse_bundle_unacknowledged',
    'Consumers that lack the newest bundle and will not get it by waiting.',
  );
  const renewalsWaiting = gauge('gatehouse_renewals_waiting', 'Certificates that are due and wait for their turn.');
  const taintPaused = gauge('gatehouse_taint_paused', '1 while refusals have paused the renewals of a taint.');
  const notIssued = counter('gatehouse_svid_failed_total', 'SVIDs that could not be issued.', ['code']);
  const serving = gauge(
    'gatehouse_serving',
    '1 while that service of grpc.health.v1 serves; the server as a whole: "".',
    ['service'],
  );
  const storeUp = gauge('gatehouse_store_up', '1 while the store can be used.');
  storeUp.remove(); // a server without the authority has none
  const openDescriptors = gauge('gatehouse_open_descriptors', 'File descriptors that the primary has open.');
  const maxDescriptors = gauge('gatehouse_max_descriptors', 'File descriptors that it may have open.');
  const dropped = counter('gatehouse_decision_log_dropped_total', 'Decisions that the log had no room for.');
  const unverified = counter('gatehouse_peer_unverified_total', 'Checks whose peer our bundles do not vouch for.');
  const ambiguous = counter('gatehouse_request_ambiguous_total', 'Checks whose path may be read in two ways.');
  const parity = counter('gatehouse_parity_total', "Checks held against Envoy's RBAC in the shadow.", ['result']);
  const deciders = gauge('gatehouse_deciders', 'Decider processes that run.');
  const decidersWanted = gauge('gatehouse_deciders_wanted', 'Decider processes that should run.');

  const feedAge = gauge(
    'gatehouse_feed_age_seconds',
    'How old what a decider knows of its authority is; 0 with the authority role.',
  );
  const latency = latencyHistogram('gatehouse_check_seconds', 'Time that a decision took.', latencyBounds);
  for (const protocol of ['workload-api', 'sds', 'ecds', 'feed']) streams.set({ protocol }, 0);
  for (const kind of ['x509', 'jwt']) issued.inc({ kind }, 0);

  const metrics: Metrics = {
    countChecks: (decision, reason, count) => checks.inc({ decision, reason }, count),
    addLatency: latency.add,
    countDropped: (count) => dropped.inc(count),
    countHits: createRuleMetrics(registers[0]!),
    countLoadError: () => loadErrors.inc(),
    countIssued: (kind) => issued.inc({ kind }),
    countUnverifiedPeers: (count) => unverified.inc(count),
    countAmbiguousRequests: (count) => ambiguous.inc(count),
    countParity({ agreements, disagreements }) {
      parity.inc({ result: 'agreement' }, agreements);
      parity.inc({ result: 'disagreement' }, disagreements);
    },
    moveStreams: (protocol, by) => streams.inc({ protocol }, by),
    setGeneration: (value) => generation.set(value),
    setPolicies(counts) {
      policies.reset();
      for (const { dialect, kind, count } of counts) policies.set({ dialect, kind }, count);
    },
    setSvidExpiry: (seconds) => svidExpiry.set(seconds ?? Number.POSITIVE_INFINITY),
    setSvidTtl: (seconds) => svidTtl.set(seconds),
    countLapsed: (count) => svidLapsed.inc(count),
    setAuthorityExpiry(bySlot) {
      authorityExpiry.reset();
      for (const [slot, seconds] of bySlot) authorityExpiry.set({ slot }, seconds);
    },
    setUpstream(seconds, codes) {
      upstreamExpiry.set(seconds ?? 0);
      upstreamFindings.reset();
      for (const code of codes) upstreamFindings.inc({ code });
    },
    setUnacknowledged: (consumers) => unacknowledged.set(consumers),
    setRenewalsWaiting: (count) => renewalsWaiting.set(count),
    setTaintPaused: (paused) => taintPaused.set(paused ? 1 : 0),
    countNotIssued: (code) => notIssued.inc({ code }),
    setServing(services) {
      for (const [service, serves] of services) serving.set({ service }, serves ? 1 : 0);
    },
    setStoreUp: (up) => storeUp.set(up ? 1 : 0),
    setFeedAge: (seconds) => feedAge.set(seconds),
    setDeciders(running, wanted) {
      deciders.set(running);
      decidersWanted.set(wanted);
    },
    setDescriptors(open, max) {
      openDescriptors.set(open);
      maxDescriptors.set(max);
    },
    ...laneMetrics(counter, gauge),
    ...candidateMetrics(counter, gauge),
    setCluster: createClusterMetrics(registers[0]!),
    ...createAdmissionMetrics(registers[0]!),
    proofs: createProofMetrics(registers[0]!),
    setRemote: createRemoteMetrics(registers[0]!),
    federation: createFederationMetrics(registers[0]!),
    setTokenUp: createTokenMetrics(registers[0]!),
    podCertificates: createPodCertificateMetrics(registers[0]!),
    native: createNativeMetrics(registers[0]!),
    async text() {
      await look(metrics);
      return `${await registers[0]!.metrics()}${latency.text()}`;
    },
  };
  return metrics;
}

/** Of the candidate set that is asked beside what is in force; without one there is nothing to see. */
interface CandidateMetrics {
  /** Checks by what their comparison came to. */
  countCandidate(result: string, count: number): void;
  /** Whether the candidate can be asked: false, it is broken. */
  setCandidate(isAsked: boolean): void;
}

function candidateMetrics(counter: Make<Counter>, gauge: Make<Gauge>): CandidateMetrics {
  const total = counter(
    'gatehouse_candidate_total',
    'Checks that a candidate set was asked about, by what that would have changed.',
    ['result'],
  );
  const up = gauge('gatehouse_candidate_up', '1 while the candidate is asked, 0 while it is broken.');
  up.remove();
  return {
    countCandidate(result, count) {
      if (count > 0) total.inc({ result }, count);
    },
    setCandidate: (isAsked) => up.set(isAsked ? 1 : 0),
  };
}

/** Those of our HTTP/2 server. */
function laneMetrics(counter: Make<Counter>, gauge: Make<Gauge>): Pick<Metrics, 'countLane' | 'setLaneConnections'> {
  const connections = gauge('gatehouse_lane_connections', 'Open connections of our HTTP/2 server.', ['listener']);
  const refusals = counter('gatehouse_lane_refusals_total', 'Calls that it answered with an error of gRPC.', [
    'listener',
  ]);
  const notGrpc = counter('gatehouse_lane_not_grpc_total', 'Requests that were no gRPC.', ['listener']);
  const hostile = counter('gatehouse_lane_hostile_total', 'What broke a limit of it, or HTTP/2.', ['listener', 'kind']);
  return {
    countLane(listener, tally) {
      refusals.inc({ listener }, tally.refusals);
      notGrpc.inc({ listener }, tally.notGrpc);
      for (const [kind, count] of tally.hostile) hostile.inc({ listener, kind }, count);
    },
    setLaneConnections: (listener, open) => connections.set({ listener }, open),
  };
}

/** prom-client's histogram takes single observations; ours come counted, from other processes. */
function latencyHistogram(name: string, help: string, bounds: readonly number[]) {
  const counts = new Float64Array(bounds.length + 1);
  let sum = 0;
  return {
    add({ latency, latencySumSeconds }: LatencyCounts): void {
      for (const [i, count] of latency.entries()) counts[i]! += count;
      sum += latencySumSeconds;
    },
    text(): string {
      const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
      let below = 0;
      for (const [i, count] of counts.entries()) {
        below += count;
        lines.push(`${name}_bucket{le="${i < bounds.length ? bounds[i] : '+Inf'}"} ${below}`);
      }
      lines.push(`${name}_sum ${sum}`, `${name}_count ${below}`, '');
      return lines.join('\n');
    },
  };
}
