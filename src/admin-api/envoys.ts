/**
 * `/v1/envoys`: Envoys that decide themselves, and by what.
 * @module
 */
import * as z from 'zod';
import { instant, list } from './fields.ts';

/** What one filter of an Envoy goes by. */
const config = z.object({
  /** The name of the filter, e.g. `gatehouse.policy`. */
  resource: z.string(),
  /** `holds`, `asks` (about everything), `waiting` (it has not answered), `refused`. */
  state: z.enum(['holds', 'asks', 'waiting', 'refused']),
  /** What it acknowledged last; empty: nothing yet. */
  version: z.string(),
  sentVersion: z.string(),
  sentAt: instant,
  /** Why it asks about everything; else empty. */
  asks: z.string(),
  /** Its own words; null: it refused nothing. */
  refused: z.object({ version: z.string(), words: z.string(), at: instant }).nullable(),
});

const envoy = z.object({
  /** Of its process: an Envoy that was started again has another one. */
  connection: z.string(),
  spiffeId: z.string(),
  /** What it calls itself. */
  node: z.string(),
  /** Of Envoy; empty where it does not say. */
  version: z.string(),
  /** Trees were tried on that version. */
  tried: z.boolean(),
  /** The worst of its filters; `nothing`: it has asked for none. */
  state: z.enum(['holds', 'asks', 'waiting', 'refused', 'nothing']),
  /** Requests that it has decided itself and told of; 0: what it decides is not seen. */
  reported: z.number(),
  configs: list(config),
});

/** By identity. */
export const envoysAnswer = z.object({ envoys: list(envoy) });

export type EnvoysAnswer = z.output<typeof envoysAnswer>;
