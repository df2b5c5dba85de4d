/**
 * `/v1/keys/rewrap`: wraps all keys with another key-encryption key.
 * @module
 */
import * as z from 'zod';

/** The order to wrap all keys anew. */
export const rewrapOrder = z.strictObject({ reason: z.string().max(1000).default('') });

/** What was wrapped; not done where keys could not be read. */
export const rewrapAnswer = z.object({
  done: z.boolean(),
  /** Names the key-encryption key that wraps now. */
  keyEncryptionKey: z.string(),
  keys: z.number(),
  rewrapped: z.number(),
  unreadable: z.array(z.string()).readonly(),
});

export type RewrapAnswer = z.output<typeof rewrapAnswer>;
