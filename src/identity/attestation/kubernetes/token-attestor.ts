/**
 * Who sends a service account token: offline by the cluster's keys, by TokenReview, or by both, and always by the life of its pod
 * and account. What was found is remembered for some seconds, so that a burst of a pod is one question.
 * @module
 */
import { createHash } from 'node:crypto';
import { GatehouseError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { ApiServer } from './api-server.ts';
import type { ClusterKeys } from './cluster-keys.ts';
import type { PodFacts } from './pod-facts.ts';
import { livingPod } from './pod-life.ts';
import { readToken, type TokenSubject } from './token-claims.ts';
import { reasonOf, refusedToken } from './token-refusal.ts';
import { reviewToken } from './token-review.ts';

/** The holder of a token, proved. */
export interface TokenHolder {
  readonly pod: PodFacts;
  /** Where its pod runs, by the token itself; undefined: it does not say. */
  readonly node: string | undefined;
  /** When the token ends, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Establishes who sends a token. */
export interface TokenAttestor {
  /**
   * @param token  without `Bearer `
   * @throws GatehouseError `caller_unauthenticated`, `details.reason` is a `TokenReason`; `unreachable` while the API server is away;
   *   `too_many_requests`
   */
  attest(token: string): Promise<TokenHolder>;
}

export interface TokenAttestorDeps {
  readonly server: ApiServer;
  readonly keys: ClusterKeys;
  readonly clock: Clock;
  readonly audiences: readonly string[];
  readonly verify: 'offline' | 'review' | 'both';
}

/** As long as an API server itself remembers a good verdict. */
const REMEMBERED_MS = 10_000;
const MOST_REMEMBERED = 10_000;
/** More tokens are not looked into at a time: each is up to three questions to the API server. */
const MOST_AT_ONCE = 256;

interface Verdict {
  readonly holder: Promise<TokenHolder>;
  readonly until: number;
}

/** Creates the attestor. */
export function createTokenAttestor(deps: TokenAttestorDeps): TokenAttestor {
  const { clock } = deps;
  const verdicts = new Map<string, Verdict>();
  let running = 0;

  const establish = async (token: string): Promise<TokenHolder> => {
    if (running >= MOST_AT_ONCE) throw new GatehouseError('too_many_requests', 'too many tokens are looked into now');
    running += 1;
    try {
      return await holderOf(token, deps);
    } finally {
      running -= 1;
    }
  };
  /** A fault that passes is not remembered. */
  const remember = (key: string, holder: Promise<TokenHolder>): void => {
    verdicts.delete(key);
    if (verdicts.size >= MOST_REMEMBERED) verdicts.delete(verdicts.keys().next().value ?? '');
    verdicts.set(key, { holder, until: clock.now() + REMEMBERED_MS });
    holder.catch((thrown: unknown) => {
      if (reasonOf(thrown) === undefined && verdicts.get(key)?.holder === holder) verdicts.delete(key);
    });
  };
  return {
    async attest(token) {
      const key = createHash('sha256').update(token).digest('base64');
      const known = verdicts.get(key);
      const leftMs = (known?.until ?? 0) - clock.now();
      const isKnown = known !== undefined && leftMs > 0 && leftMs <= REMEMBERED_MS;
      const asked = isKnown ? known.holder : establish(token);
      if (!isKnown) remember(key, asked);
      const holder = await asked;
      if (clock.now() >= holder.expiresAt) throw refusedToken('expired');
      return holder;
    },
  };
}

async function holderOf(token: string, deps: TokenAttestorDeps): Promise<TokenHolder> {
  const { server, keys, clock, audiences, verify } = deps;
  const issuer = verify === 'review' ? undefined : await keys.issuer();
  const subject = readToken(token, { audiences, issuer, nowMs: clock.now() });
  if (verify !== 'review') await keys.verify(token);
  const reviewed = verify === 'offline' ? undefined : await reviewToken(server, token, audiences, subject);
  const node = nodeOf(subject, reviewed?.node);
  const pod = await livingPod(server, { ...subject, node });
  return { pod, node, expiresAt: subject.expiresAt };
}

function nodeOf(subject: TokenSubject, reviewed: string | undefined): string | undefined {
  if (reviewed !== undefined && subject.node !== undefined && reviewed !== subject.node)
    throw refusedToken('other_node', { namespace: subject.namespace, serviceAccount: subject.serviceAccount });
  return subject.node ?? reviewed;
}
