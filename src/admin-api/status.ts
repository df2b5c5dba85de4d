/**
 * `/v1/status`: what this server is, and how it is.
 * @module
 */
import * as z from 'zod';
import { instant, list } from './fields.ts';

/** A decider elsewhere that follows this authority. */
const follower = z.object({
  decider: z.string(),
  bundleSequence: z.number(),
  /** -1 before it has said. */
  revocationSequence: z.number(),
  /** Checks with the certificate of a peer, and with only a name of one. */
  peersWithCertificate: z.number(),
  peersWithout: z.number(),
  /** Milliseconds since 1970. */
  lastSeenAt: z.number(),
});

/** How a server that is only a decider follows its authority. */
const feed = z.object({
  /** Its own name there. */
  decider: z.string(),
  authorityAddresses: list(z.string()),
  connected: z.boolean(),
  /** Why it is not connected; else empty. */
  why: z.string(),
  /** How old what it knows is; null before it knows anything. */
  ageSeconds: z.number().nullable(),
  bundleSequence: z.number().nullable(),
  revocationSequence: z.number().nullable(),
});

export type FeedStatus = z.output<typeof feed>;

/** The ready line of `serve`. */
const addresses = z.object({
  ready: z.boolean(),
  roles: list(z.string()),
  extAuthz: z.string().optional(),
  httpAuth: z.string().optional(),
  workloadApi: z.string().optional(),
  feed: z.string().optional(),
  istioCa: z.string().optional(),
  xds: z.string().optional(),
  accessLog: z.string().optional(),
  bundle: z.string().optional(),
  oidc: z.string().optional(),
  admission: z.string().optional(),
  admin: z.string(),
  /** Absent from servers that have one alone. */
  admins: list(z.string()).optional(),
  health: z.string(),
  pid: z.number(),
  deciderPids: list(z.number()),
});

/** The server, its parts and its addresses. */
export const statusAnswer = z.object({
  /** Of the program; absent from servers before it was told. */
  version: z.string().optional(),
  /** What this server's clock says now; absent from servers before it was told. */
  at: instant.optional(),
  pid: z.number(),
  startedAt: instant,
  trustDomain: z.string(),
  roles: list(z.string()),
  ready: z.boolean(),
  /** By part, why it is not ready. */
  waiting: z.record(z.string(), z.string()),
  /** What is in force although something newer is broken. */
  degraded: list(z.string()),
  /** What waits and what is degraded, and since when. This and the two below: absent from servers before they were told. */
  troubles: list(z.object({ what: z.string(), since: instant })).optional(),
  /** By part, what it has to say of itself. */
  details: z.record(z.string(), z.string()),
  /** Of the policies. */
  generation: z.number(),
  /** Since when the policies of this generation are in force. */
  policiesSince: instant.optional(),
  /** Of the deciders here: since the start, and a second over the last minute. */
  decisions: z
    .object({
      allowed: z.number(),
      denied: z.number(),
      perSecond: z.number(),
      deniedPerSecond: z.number(),
      /** How long half of the Checks of the last minute took at most, and 99 of 100: seconds, the end of their bucket; null without any. */
      p50Seconds: z.number().nullable().optional(),
      p99Seconds: z.number().nullable().optional(),
    })
    .optional(),
  deciders: list(z.object({ pid: z.number(), generation: z.number() })),
  /** Of an authority. */
  followers: list(follower).optional(),
  /** Of an authority: deciders elsewhere that report nothing now, and why. */
  silent: list(z.object({ decider: z.string(), why: z.string() })).optional(),
  /** Of a server that is only a decider. */
  feed: feed.optional(),
  addresses,
});

/** What `serve` prints when it is ready. */
export type ReadyLine = z.output<typeof addresses>;

export type StatusAnswer = z.output<typeof statusAnswer>;
