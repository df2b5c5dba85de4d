/**
 * One question at a time: what a CheckRequest asks, and what is refused before any policy is asked.
 * @module
 */
import { type Decision, decision, type Reason } from '../policy/decision.ts';
import type { Snapshot } from '../policy/snapshot.ts';
import {
  type Caller,
  createDestinationFinder,
  type DestinationOptions,
  type FoundDestination,
} from './destination/destination.ts';
import { createPeerReader, isPlainName, type PeerCertificate } from './facts/peer-certificate.ts';
import { RequestFacts } from './facts/request-facts.ts';
import { cleanHost, isAmbiguousPath, isForeign, isRevoked, isVouchedFor } from './guards.ts';
import { refuseUnsaid } from './http/unsaid-facts.ts';
import type { VerifyTokens } from './jwt/token-outcome.ts';
import type { CheckCounters } from './record/counters.ts';
import type { AskedEdge } from './record/edges.ts';
import type { AskedRequest } from './record/request-rows.ts';
import type { DecisionState } from './state.ts';
import { CheckRequest, part } from './wire/check-request.ts';

type Counted = Pick<CheckCounters, 'unverifiedPeers' | 'ambiguousRequests' | 'peersWithCertificate' | 'peersWithout'>;

/** How a request is read: whose names count, and what is refused before any policy is asked. */
export interface QuestionOptions extends DestinationOptions {
  /** `spiffe://<trust domain>/` of our own trust domain and its aliases. */
  readonly ownPrefixes: readonly string[];
  readonly verifyPeer: 'off' | 'observe' | 'enforce';
  readonly peerTrustDomains: 'any' | 'own';
  /** A namespace in a policy may be one of another trust domain; absent: with others let in only our own peers pass by such policies. */
  readonly acceptForeignNamespaces?: boolean;
  readonly ambiguousRequests: 'asUpstream' | 'deny';
  /** The same for who asks by HTTP; default: deny. */
  readonly httpAmbiguousRequests?: 'asUpstream' | 'deny';
}

/** Whatever is said is believed: for questions that are made up. */
export const unguarded: QuestionOptions = {
  workloads: [],
  clients: [],
  trustedHops: 0,
  ownPrefixes: [],
  verifyPeer: 'off',
  peerTrustDomains: 'any',
  ambiguousRequests: 'asUpstream',
};

/** Of the policies only what they must not be asked about. */
type QuestionState = Omit<DecisionState, 'snapshot'> & { readonly snapshot?: Pick<Snapshot, 'namesAnyDomain'> };

const ambiguous = decision(undefined, 'deny', 'ambiguous_request');

/** Reads questions; what the last one asked stands in its fields until the next. */
export class Question implements AskedEdge, AskedRequest {
  readonly #options: QuestionOptions;
  readonly #counters: Counted;
  readonly #request = new CheckRequest();
  readonly #find: ReturnType<typeof createDestinationFinder>;
  readonly #readPeer = createPeerReader();
  readonly facts: RequestFacts;
  destination: FoundDestination | undefined;
  /** By the policies that the last question was decided by. */
  shapeOf: Snapshot['shapeOf'];
  /** Policies were asked about the last question. */
  wasDecided = false;
  /** How far the last question was read: nothing of it, its bytes, its facts. */
  #read: 'nothing' | 'bytes' | 'facts' = 'nothing';

  constructor(options: QuestionOptions, verifyTokens: VerifyTokens, counters: Counted) {
    this.#options = options;
    this.#counters = counters;
    this.#find = createDestinationFinder(options);
    this.facts = new RequestFacts(this.#request, verifyTokens);
  }

  /** Forgets the last question. */
  clear(): void {
    this.destination = undefined;
    this.facts.tokens = undefined;
    this.wasDecided = false;
    this.#read = 'nothing';
  }

  /** What policies say of the last question, and of the same for a host that servers may take it for. */
  decideBy(snapshot: Snapshot): Decision {
    const unsaid = this.unsaidBy(snapshot);
    if (unsaid !== undefined) return unsaid;
    this.wasDecided = true;
    const { facts } = this;
    const made = snapshot.decide(facts);
    const { cleanerHost } = this;
    if (made.effect === 'deny' || cleanerHost === undefined) return made;
    facts.hostInstead = cleanerHost;
    return snapshot.decide(facts).effect === 'allow' ? made : ambiguous;
  }

  /** Why who asks by HTTP is refused: he does not say what the policies read. */
  unsaidBy(snapshot: Pick<Snapshot, 'neededFacts'>): Decision | undefined {
    if (!this.#isHttp) return undefined;
    return refuseUnsaid(this.#request, snapshot.neededFacts?.(this.facts) ?? []);
  }

  /** What is wrong with what an HTTP caller asks; empty: nothing. */
  get malformed(): string {
    return this.#request.text(part.malformed);
  }

  /** What is asked comes over HTTP, by a proxy's own rules of asking. */
  get #isHttp(): boolean {
    return this.#request.has(part.httpCaller);
  }

  get #ambiguousRequests(): 'asUpstream' | 'deny' {
    const { ambiguousRequests, httpAmbiguousRequests = 'deny' } = this.#options;
    return this.#isHttp ? httpAmbiguousRequests : ambiguousRequests;
  }

  /** The first name of the peer's certificate, else what Envoy calls the peer; empty where nobody is named. */
  get callerName(): string {
    if (this.#read === 'facts') return this.facts.peerNames[0] ?? '';
    return this.#read === 'bytes' ? this.#request.text(part.sourcePrincipal) : '';
  }

  /** What was asked for; undefined where it is no HTTP, or was refused unread. */
  get asked(): AskedRequest | undefined {
    return this.#read === 'facts' && this.#request.hasHttp ? this : undefined;
  }

  get method(): string {
    return this.facts.method;
  }

  get path(): string | undefined {
    return this.facts.path;
  }

  shape(): string {
    return this.shapeOf?.(this.facts) ?? this.facts.path ?? '';
  }

  /** Of the destination; -1 where none is named. */
  get port(): number {
    const { destinationPort } = this.#request;
    return this.#read === 'nothing' || destinationPort > 65_535 ? -1 : destinationPort;
  }

  get protocol(): AskedEdge['protocol'] {
    if (this.#read === 'nothing') return 'unknown';
    if (this.#request.hasHttp) return 'http';
    return this.#request.ipProtocol === 17 ? 'udp' : this.#request.ipProtocol === 6 ? 'tcp' : 'unknown';
  }

  /**
   * Reads a question.
   *
   * @returns why it is refused at once; undefined if the policies are to be asked about `facts`
   * @throws malformedMessage if it is no CheckRequest
   */
  read(bytes: Uint8Array, caller: Caller, state: QuestionState, nowMs: number): Reason | undefined {
    const request = this.#request;
    request.read(bytes);
    this.#read = 'bytes';
    if (!request.hasAttributes) return 'malformed_request';
    if (caller.local !== true && isRevoked(state.revocations, [caller.spiffeId], caller))
      return 'caller_not_authorised';
    const destination = this.#find(request, caller);
    if (request.has(part.malformed)) {
      if (typeof destination !== 'string') this.destination = destination;
      return 'malformed_request';
    }
    if (typeof destination === 'string') return destination;
    this.destination = destination;
    const peer = this.#readPeer(request);
    if (peer === 'unreadable') return 'peer_not_verified';
    this.facts.begin({ destination, trustedHops: destination.trustedHops, peer, keySets: state.keySets, nowMs });
    this.#read = 'facts';
    return this.#refused(state, peer, nowMs);
  }

  /** What would be a peer of ours by policies that name no trust domain is kept out while others are let in. */
  #keepsOthersOut({ bundles, snapshot }: QuestionState): boolean {
    if (bundles === undefined || bundles.federated.size === 0 || snapshot?.namesAnyDomain !== true) return false;
    return this.#options.acceptForeignNamespaces !== true;
  }

  #refused(state: QuestionState, peer: PeerCertificate | undefined, nowMs: number): Reason | undefined {
    const { verifyPeer, peerTrustDomains, ownPrefixes } = this.#options;
    const ambiguousRequests = this.#ambiguousRequests;
    const isHttp = this.#isHttp;
    const names = this.facts.peerNames;
    if (peer !== undefined) this.#counters.peersWithCertificate++;
    else if (names.length > 0) this.#counters.peersWithout++;
    if (isRevoked(state.revocations, names, peer)) return 'revoked';
    // what a proxy has verified by, nobody here knows
    if ((isHttp || verifyPeer !== 'off') && !isVouchedFor(state.bundles, names, peer, nowMs)) {
      this.#counters.unverifiedPeers++;
      if (isHttp || verifyPeer === 'enforce') return 'peer_not_verified';
    }
    if (!(peer === undefined ? names.every(isPlainName) : peer.isPlain)) {
      this.#counters.ambiguousRequests++;
      if (ambiguousRequests === 'deny') return 'ambiguous_request';
    }
    if ((peerTrustDomains === 'own' || this.#keepsOthersOut(state)) && isForeign(ownPrefixes, names))
      return 'foreign_trust_domain';
    if (this.#request.hasHttp && isAmbiguousPath(this.facts.wholePath, this.facts.method)) {
      this.#counters.ambiguousRequests++;
      if (ambiguousRequests === 'deny') return 'ambiguous_request';
    }
    return undefined;
  }

  /**
   * The host without port, trailing dot and capitals, where that is another host and must get no less
   * (`ambiguousRequests: deny`); else undefined.
   */
  get cleanerHost(): string | undefined {
    const { host } = this.facts;
    if (this.#ambiguousRequests !== 'deny' || host === undefined) return undefined;
    const clean = cleanHost(host);
    return clean === host ? undefined : clean;
  }
}
