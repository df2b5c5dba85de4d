/**
 * Requirement 5: encryption on every path, or it is required on none.
 * @module
 */
import type { PlainPort } from '../../../analysis/proofs/openings/plain-ports.ts';
import type { ConfigEvidence, Evidence } from './evidence.ts';
import { type Finding, fails, holds, judged, judgedSome, noneOf, unknown } from './finding.ts';
import { EMPTY, NAME_REGISTRY, PROVE } from './fixes.ts';
import { inForce } from './in-force.ts';

const STRICT = 'a PeerAuthentication with mtls: { mode: STRICT } in the root namespace, and none that takes it back';

const ALL_STRICT = 'PeerAuthentication is STRICT at every port of every workload, of today and to come';

/** mTLS is demanded at every port of every workload, and of ours nothing is said in plain that leaves this machine. */
export function everyPathIsEncrypted(evidence: Evidence): readonly Finding[] {
  const { config, envoys, proof, workloads } = evidence;
  return [
    inForce(evidence),
    ...judgedSome(workloads, EMPTY, NAME_REGISTRY, () => []),
    ...judged(proof, PROVE, ({ plainPorts, plainKeySets }) => [
      ...(plainPorts.length > 0 ? plainPorts.map(plainPort) : [holds(ALL_STRICT)]),
      ...noneOf(
        plainKeySets.map((url) => `keys of tokens are fetched in plain from ${url}`),
        'jwksUri: https://…',
        'no keys of tokens are fetched in plain',
      ),
    ]),
    ...noneOf(
      config.plainListeners.map((listener) => `listens without TLS: ${listener}`),
      'a unix socket, loopback, or tls: true',
      'every listener of ours has TLS, or is a unix socket or loopback',
    ),
    storeFinding(config.store),
    ...envoys.flatMap(({ from, plain }) =>
      noneOf(
        plain.map((what) => `the Envoy of ${from} speaks in plain: ${what}`),
        'gatehouse doctor says what to write there',
        `the Envoy of ${from} takes and asks nothing in plain`,
      ),
    ),
  ];
}

function plainPort({ workload, port, mode }: PlainPort): Finding {
  const where = port === undefined ? workload : `port ${port} of ${workload}`;
  if (mode === 'unknown')
    return unknown(
      `which PeerAuthentication is about ${where} is not known: its labels are not`,
      'register its labels',
    );
  return fails(`${where} takes callers without TLS: PeerAuthentication is ${mode.toUpperCase()} there`, STRICT);
}

function storeFinding(store: ConfigEvidence['store']): Finding {
  const fix = 'store: postgres://…?sslmode=verify-full';
  if (store === 'plain') return fails('the store is asked without TLS, over the network', fix);
  if (store === 'maybe') return fails('the store is asked with TLS only where it offers that', fix);
  return holds(store === 'local' ? 'the store does not leave this machine' : 'the store is asked over TLS');
}
