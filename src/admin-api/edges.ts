/**
 * `/v1/edges`: who asked for whom and what was said, counted, by the decider that saw it.
 * @module
 */
import * as z from 'zod';
import { counting, effect, instant, limit, list, seenBy } from './fields.ts';

/** How many edges, and of which decision; those with the most Checks of each decider come first. */
export const edgesQuestion = z.object({ limit: limit(1_000, 20_000), decision: effect.optional() });

/** Checks that were alike, since `since` of their decider. */
const edge = z.object({
  decider: seenBy,
  /** The SPIFFE ID of the peer's certificate; empty where it showed none. */
  caller: z.string(),
  /** The SPIFFE ID of the workload; empty where none was found. */
  destination: z.string(),
  /** Of the destination; empty where none was found. */
  namespace: z.string(),
  /** Null where the Check named none. */
  port: z.number().nullable(),
  /** `http`, `tcp`, `udp`, or `unknown` where the Check could not be read. */
  protocol: z.string(),
  decision: effect,
  count: z.number(),
  lastAt: instant,
});

export type EdgeRow = z.output<typeof edge>;

/** How often a caller was denied in a namespace. */
const deniedCaller = z.object({ decider: seenBy, caller: z.string(), namespace: z.string(), count: z.number() });

/** TLS handshakes that came to nothing. */
const handshake = z.object({ listener: z.string(), reason: z.string(), count: z.number() });

/** A decider, and whether its numbers can be relied on. */
const reporter = z.object({
  ...counting,
  allowed: z.number(),
  denied: z.number(),
  /** Checks that are counted above and have no row: there were too many different ones. */
  overflow: z.object({ allowed: z.number(), denied: z.number(), deniedCallers: z.number() }),
  /** Decisions that had no room in its log, and those that it had no room to send here. */
  dropped: z.object({ logged: z.number(), sent: z.number() }),
  handshakes: list(handshake),
});

export type Reporter = z.output<typeof reporter>;

/** This server's own first, then those of each decider elsewhere, by name. */
export const edgesAnswer = z.object({
  edges: list(edge),
  /** How many there are of that decision, or at all. */
  edgeCount: z.number(),
  /** Those that were denied most, at most `limit` of them. */
  deniedCallers: list(deniedCaller),
  deciders: list(reporter),
});

export type EdgesAnswer = z.output<typeof edgesAnswer>;
