/**
 * Checks that a decider answers itself before it answers anybody, so that code is compiled by then.
 * @module
 */
import { Socket } from 'node:net';
import { serialize } from 'node:v8';
import { createDecisionRedactor } from '../../../authz/record/redacted-decision.ts';
import { type DecisionState, nothingKnown } from '../../../authz/state.ts';
import { createWatchable } from '../../../lib/watchable.ts';
import { compileSnapshot } from '../../../policy/compile/compile-snapshot.ts';
import { parseTrustDomain } from '../../../spiffe/trust-domain.ts';
import { connectedDescriptors } from '../../../transport/listen/libc.ts';
import type { UnixAddress } from '../../../transport/listen/listen-address.ts';
import { createAnswering } from '../answering.ts';
import { startReports } from '../decision-reports.ts';
import type { DeciderSettings } from '../messages.ts';
import { askChecks } from './checks-client.ts';
import { rehearsedModel, rehearsedQuestions } from './rehearsed.ts';

export interface WarmUpOptions {
  /** Checks after which V8 has compiled most of what answers one. */
  readonly checks?: number;
  /** A busy machine is not waited for. */
  readonly mostMs?: number;
}

const listener: UnixAddress = { kind: 'unix', path: 'warm-up', mode: 0, makeParents: false, attests: 'path' };

const settings: DeciderSettings = {
  transport: 'lane',
  check: {
    workloads: [],
    clients: [],
    trustedHops: 0,
    ownPrefixes: ['spiffe://warm.up/'],
    verifyPeer: 'off',
    peerTrustDomains: 'any',
    ambiguousRequests: 'asUpstream',
  },
  allowEmpty: false,
  trustDomain: parseTrustDomain('warm.up'),
};

/**
 * Asks over a socket pair, under policies of its own and with counters, rings and reports of its own: nothing of it is counted, logged or
 * told. Resolves with the number of answers; nothing that goes wrong here keeps a decider from serving.
 */
export async function warmUp({ checks = 3_000, mostMs = 200 }: WarmUpOptions = {}): Promise<number> {
  const pair = connectedDescriptors();
  if (pair === undefined) return 0;
  const [ours, theirs] = pair.map((fd) => new Socket({ fd, readable: true, writable: true }));
  const redact = createDecisionRedactor(rehearsedModel);
  using reports = startReports((message) => void serialize(message), redact); // as IPC does it
  const answering = createAnswering({
    state: createWatchable<DecisionState | undefined>({
      snapshot: compileSnapshot(rehearsedModel, { allowEmpty: false }),
      ...nothingKnown,
    }),
    recorders: reports.recorders,
    tell: () => undefined,
    trouble: () => undefined,
  });
  answering.configure(settings);
  answering.serve(theirs!, listener, 'check');
  const endsAt = performance.now() + mostMs;
  const answers = await askChecks(
    ours!,
    rehearsedQuestions(),
    (answered) => answered < checks && performance.now() < endsAt,
  );
  reports.report(answering.takeTally());
  await answering.drain(0);
  return answers;
}
