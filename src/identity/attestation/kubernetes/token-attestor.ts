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
import { createTurns } from './turns.ts';

/** The holder of a token, proved. */
export interface TokenHolder {
  readonly pod: PodFacts;
  /** Where its pod runs, by the token itself; undefined: it does not say. */
  readonly node: string | undefined;
  readonly serviceAccountUid: string;
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
/** Tokens that are looked into at a time, each by up to three questions to the API server; the others wait. */
const AT_ONCE = 32;
const MOST_WAITING = 5_000;
/** Whoever has waited for his turn for so long is gone, or will ask again: an API server that comes back meets no storm. */
const PATIENCE_MS = 10_000;

interface Verdict {
  readonly holder: Promise<TokenHolder>;
  readonly until: number;
}

/** Creates the attestor. */
export function createTokenAttestor(deps: TokenAttestorDeps): TokenAttestor {
  const { clock } = deps;
  const verdicts = new Map<string, Verdict>();
  const turns = createTurns({
    atOnce: AT_ONCE,
    waiting: MOST_WAITING,
    refused: () => new GatehouseError('too_many_requests', 'too many tokens wait to be looked into'),
  });
  const inTurn = (token: string): Promise<TokenHolder> => {
    const cameAt = clock.now();
    return turns.take(() => {
      if (clock.now() - cameAt < PATIENCE_MS) return holderOf(token, deps);
      throw new GatehouseError('too_many_requests', 'a token has waited too long to be looked into');
    });
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
      const asked = isKnown ? known.holder : inTurn(token);
      if (!isKnown) remember(key, asked);
      const holder = await asked;
      if (clock.now() >= holder.expiresAt) throw refusedToken('expired');
      return holder;
    },
  };
}

async function holderOf(token: string, deps: TokenAttestorDeps): Promise<TokenHolder> {
  const { server, keys, clock, audiences, verify } = deps;
  // A cluster that changes its issuer goes on accepting the tokens of the old one for a while, which only it can say.
  const issuer = verify === 'offline' ? await keys.issuer() : undefined;
  const subject = readToken(token, { audiences, issuer, nowMs: clock.now() });
  if (verify !== 'review') await keys.verify(token);
  const reviewed =
    verify === 'offline'
      ? undefined
      : await reviewToken(server, token, audiences, subject).catch(async (thrown: unknown) => {
          throw reasonOf(thrown) === 'not_authenticated' ? ((await whyNot(token, subject, deps)) ?? thrown) : thrown;
        });
  const node = nodeOf(subject, reviewed?.node);
  const pod = await livingPod(server, { ...subject, node });
  return { pod, node, serviceAccountUid: subject.serviceAccountUid, expiresAt: subject.expiresAt };
}

/** An API server says only no. Returns the reason that we find ourselves, for the log; undefined if we find none. */
async function whyNot(
  token: string,
  subject: TokenSubject,
  { server, keys }: TokenAttestorDeps,
): Promise<GatehouseError | undefined> {
  try {
    await keys.verify(token);
    await livingPod(server, subject);
  } catch (thrown) {
    if (thrown instanceof GatehouseError && reasonOf(thrown) !== undefined) return thrown;
  }
  return undefined;
}

function nodeOf(subject: TokenSubject, reviewed: string | undefined): string | undefined {
  if (reviewed !== undefined && subject.node !== undefined && reviewed !== subject.node)
    throw refusedToken('other_node', { namespace: subject.namespace, serviceAccount: subject.serviceAccount });
  return subject.node ?? reviewed;
}
