/**
 * Check: bytes in, bytes out, now. Nothing is awaited and nothing is thrown.
 * @module
 */
import type { Clock } from '../lib/clock.ts';
import type { Watchable } from '../lib/watchable.ts';
import { decision } from '../policy/compile/step.ts';
import type { Decision, Reason } from '../policy/decision.ts';
import { AnswerBook } from './answer-book.ts';
import type { CheckCounters } from './counters.ts';
import { DecisionIds } from './decision-id.ts';
import { type Caller, createDestinationFinder, type DestinationOptions, type FoundDestination } from './destination.ts';
import { cleanHost, isAmbiguousPath, isForeign, isRevoked, isVouchedFor } from './guards.ts';
import type { TokenVerdict, UnknownKid, VerifyTokens } from './jwt/verdict.ts';
import { createPeerReader, type PeerCertificate } from './peer-certificate.ts';
import { RequestFacts } from './request-facts.ts';
import type { DecisionRing } from './ring.ts';
import type { DecisionState } from './state.ts';
import { CheckRequest, part } from './wire/check-request.ts';
import { malformedMessage } from './wire/reader.ts';

export interface CheckOptions extends DestinationOptions {
  /** `spiffe://<trust domain>/` of our own trust domain and its aliases. */
  readonly ownPrefixes: readonly string[];
  readonly verifyPeer: 'off' | 'observe' | 'enforce';
  readonly peerTrustDomains: 'any' | 'own';
  readonly ambiguousRequests: 'asUpstream' | 'deny';
  /** Tell clients too, in `x-gatehouse-decision`. */
  readonly decisionHeader?: boolean;
}

export interface CheckDeps {
  /** Undefined until the first state is there: every Check is denied `not_ready`. */
  readonly state: Watchable<DecisionState | undefined>;
  readonly options: CheckOptions;
  readonly verifyTokens: VerifyTokens;
  readonly ring: DecisionRing;
  readonly counters: CheckCounters;
  readonly clock: Clock;
  readonly ids?: DecisionIds;
  /** Told of a key that no key set has, so that it may be fetched for the next request. */
  readonly onUnknownKid?: (unknown: UnknownKid) => void;
  /** Told of what went wrong inside; the Check is denied `internal_error`. */
  readonly onError?: (thrown: unknown) => void;
}

/** Answers one CheckRequest. `caller` is who asks, as the transport knows it. */
export type Check = (request: Uint8Array, caller: Caller) => Uint8Array;

/** Creates the one function that answers Checks; it serves one at a time, which a decider's single thread sees to. */
export function createCheck(deps: CheckDeps): Check {
  const checker = new Checker(deps);
  return (request, caller) => checker.check(request, caller);
}

const refusals = new Map<Reason, Decision>();

function refuse(reason: Reason): Decision {
  let made = refusals.get(reason);
  if (made === undefined) {
    made = decision(undefined, 'deny', reason);
    refusals.set(reason, made);
  }
  return made;
}

class Checker {
  readonly #deps: CheckDeps;
  readonly #options: CheckOptions;
  readonly #request = new CheckRequest();
  readonly #facts: RequestFacts;
  readonly #find: ReturnType<typeof createDestinationFinder>;
  readonly #readPeer = createPeerReader();
  readonly #answers = new AnswerBook();
  readonly #ids: DecisionIds;
  #destination: FoundDestination | undefined;
  #tokens: TokenVerdict | undefined;

  constructor(deps: CheckDeps) {
    this.#deps = deps;
    this.#options = deps.options;
    this.#facts = new RequestFacts(this.#request, deps.verifyTokens);
    this.#find = createDestinationFinder(deps.options);
    this.#ids = deps.ids ?? new DecisionIds();
  }

  check(bytes: Uint8Array, caller: Caller): Uint8Array {
    const started = performance.now();
    const { counters, ring, clock } = this.#deps;
    const state = this.#deps.state.value;
    const nowMs = clock.now();
    const made = this.#decided(bytes, caller, state, nowMs);
    const snapshot = state?.snapshot.generation ?? 0;
    this.#ids.advance();
    const answer = this.#answer(made, snapshot);
    ring.record(made, this.#ids.bytes, nowMs, this.#destination, snapshot, bytes);
    counters.count(made, performance.now() - started);
    return answer;
  }

  /** Nothing that goes wrong in here may become an allow, or an error of the call. */
  #decided(bytes: Uint8Array, caller: Caller, state: DecisionState | undefined, nowMs: number): Decision {
    this.#destination = undefined;
    this.#tokens = undefined;
    try {
      return state === undefined ? refuse('not_ready') : this.#decide(bytes, caller, state, nowMs);
    } catch (thrown) {
      if (thrown === malformedMessage) return refuse('malformed_request');
      this.#deps.onError?.(thrown);
      return refuse('internal_error');
    }
  }

  #decide(bytes: Uint8Array, caller: Caller, state: DecisionState, nowMs: number): Decision {
    const request = this.#request;
    request.read(bytes);
    if (!request.hasAttributes) return refuse('malformed_request');
    const destination = this.#find(request, caller);
    if (typeof destination === 'string') return refuse(destination);
    this.#destination = destination;
    const peer = this.#readPeer(request);
    if (peer === 'unreadable') return refuse('peer_not_verified');
    const facts = this.#facts;
    facts.begin({ destination, trustedHops: destination.trustedHops, peer, keySets: state.keySets, nowMs });
    const refused = this.#guard(state, peer, nowMs);
    if (refused !== undefined) return refuse(refused);
    const made = state.snapshot.decide(facts);
    this.#tokens = facts.tokens;
    if (facts.tokens?.unknownKid !== undefined) this.#deps.onUnknownKid?.(facts.tokens.unknownKid);
    return this.#options.ambiguousRequests === 'deny' ? this.#unlessHostHides(made, state) : made;
  }

  #guard(state: DecisionState, peer: PeerCertificate | undefined, nowMs: number): Reason | undefined {
    const { verifyPeer, peerTrustDomains, ownPrefixes, ambiguousRequests } = this.#options;
    const names = this.#facts.peerNames;
    if (isRevoked(state.revocations, names, peer)) return 'revoked';
    if (verifyPeer !== 'off' && !isVouchedFor(state.bundles, names, peer, nowMs)) {
      this.#deps.counters.unverifiedPeers++;
      if (verifyPeer === 'enforce') return 'peer_not_verified';
    }
    if (peerTrustDomains === 'own' && isForeign(ownPrefixes, names)) return 'foreign_trust_domain';
    if (this.#request.hasHttp && isAmbiguousPath(this.#request.text(part.path), this.#facts.method)) {
      this.#deps.counters.ambiguousRequests++;
      if (ambiguousRequests === 'deny') return 'ambiguous_request';
    }
    return undefined;
  }

  /** A host with a port or capitals must get no more than the plain host would (`ambiguousRequests: deny`). */
  #unlessHostHides(made: Decision, state: DecisionState): Decision {
    const { host } = this.#facts;
    if (made.effect === 'deny' || host === undefined || cleanHost(host) === host) return made;
    this.#facts.hostInstead = cleanHost(host);
    return state.snapshot.decide(this.#facts).effect === 'allow' ? made : refuse('ambiguous_request');
  }

  #answer(made: Decision, snapshot: number): Uint8Array {
    const tokens = this.#tokens;
    const context = {
      decision: made,
      destination: this.#destination?.spiffeId,
      snapshot,
      rejected: tokens?.outcome === 'rejected' ? tokens : undefined,
      effects: tokens === undefined || tokens.outcome === 'rejected' ? undefined : tokens.effects,
      decisionHeader: this.#options.decisionHeader === true,
    };
    return this.#answers.answer(context, this.#ids.bytes);
  }
}
