/**
 * Who may use the page: a link that is good once becomes a session, which the page sends with each request.
 *
 * No cookie: every server on this machine's loopback would be sent it.
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';

/** Links and sessions of one console. */
export interface Sessions {
  /** Makes the token of a link: good once, for an hour. */
  link(): string;
  /** Gives a session for the token of a link; undefined if it is none, was used, or is too old. */
  begin(token: string): string | undefined;
  /** Whether a session is one, which keeps it for another twelve hours. */
  has(session: string): boolean;
}

const LINK_MS = 3_600_000;
const SESSION_MS = 12 * 3_600_000;
const MOST = 64;

/** Creates an empty book. Only hashes are kept, so that looking one up takes as long whatever was sent. */
export function createSessions(now: () => number = () => performance.now()): Sessions {
  const links = createBook(LINK_MS, now);
  const sessions = createBook(SESSION_MS, now);
  return {
    link: () => links.add(),
    begin: (token) => (links.take(token) ? sessions.add() : undefined),
    has: (session) => sessions.renew(session),
  };
}

function createBook(lifeMs: number, now: () => number) {
  const ends = new Map<string, number>();
  const keyOf = (token: string): string => createHash('sha256').update(token).digest('base64');
  const isGood = (key: string): boolean => (ends.get(key) ?? Number.NEGATIVE_INFINITY) > now();
  return {
    add(): string {
      const token = randomBytes(32).toString('base64url');
      for (const [key] of ends) if (!isGood(key) || ends.size >= MOST) ends.delete(key);
      ends.set(keyOf(token), now() + lifeMs);
      return token;
    },
    take(token: string): boolean {
      const key = keyOf(token);
      const good = isGood(key);
      ends.delete(key);
      return good;
    },
    renew(token: string): boolean {
      const key = keyOf(token);
      if (!isGood(key)) return false;
      ends.delete(key);
      ends.set(key, now() + lifeMs);
      return true;
    },
  };
}
