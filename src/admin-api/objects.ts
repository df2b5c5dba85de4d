/**
 * `/v1/objects`: what is followed in a cluster, as it is in force.
 * @module
 */
import * as z from 'zod';
import { limit, list } from './fields.ts';

/** How many at most. */
export const objectsQuestion = z.object({ limit: limit(100_000, 1_000_000) });

const object = z.object({
  kind: z.string(),
  /** Of policies; else of the registry. */
  isPolicy: z.boolean(),
  /** Empty where it has none. */
  namespace: z.string(),
  /** As JSON: what is looked at of it, without what a cluster keeps besides. */
  text: z.string(),
});

/** Kind by kind; of an object that is broken what it was when it was last sound. */
export const objectsAnswer = z.object({
  objects: list(object),
  objectCount: z.number(),
  /** Kinds are followed at all: of policies, of the registry. */
  follows: z.object({ policies: z.boolean(), registry: z.boolean() }),
});

export type ObjectsAnswer = z.output<typeof objectsAnswer>;
