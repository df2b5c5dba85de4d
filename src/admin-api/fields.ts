/**
 * Fields that several answers and questions of the admin API have.
 * @module
 */
import * as z from 'zod';

/** An instant in RFC 3339, e.g. `2026-01-31T12:00:00.000Z`. */
export const instant = z.string().refine((text) => Number.isFinite(Date.parse(text)), { error: 'no time in RFC 3339' });

/** An instant, or null where there is none. */
export const instantOrNull = instant.nullable();

/** The name of a decider elsewhere, by its certificate; null: this server itself. */
export const seenBy = z.string().nullable();

/** Of a decider that counts, and whether its numbers can be relied on. */
export const counting = {
  decider: seenBy,
  /** `here`, `reporting`; `silent`: its numbers are of `lastAt`; `mute`: it follows and reports nothing. */
  state: z.enum(['here', 'reporting', 'silent', 'mute']),
  /** Why it is silent or mute; else empty. */
  why: z.string(),
  /** Since when it has counted, and when its numbers came last; null: never. */
  since: instantOrNull,
  lastAt: instantOrNull,
};

/** A list that nobody changes. */
export const list = <S extends z.ZodType>(of: S) => z.array(of).readonly();

/** What an authority signs: certificates or tokens. */
export const use = z.enum(['x509', 'jwt'], { error: 'must be x509 or jwt' });

export type Use = z.output<typeof use>;

/** What a decision is. */
export const effect = z.enum(['allow', 'deny']);

/** Why an operator orders something; kept in the audit. */
export const reason = z.string().max(1000, 'a reason has at most 1,000 characters').default('');

/**
 * How many rows are wanted: a number, or the digits of one as a query has them.
 *
 * @param usual  where nothing is said
 */
export function limit(usual: number, most: number) {
  const error = `must be a number from 1 to ${most}`;
  return z
    .union([z.int(), z.string().regex(/^[1-9][0-9]{0,6}$/, error)], { error })
    .transform(Number)
    .refine((count) => count >= 1 && count <= most, { error })
    .default(usual);
}

/** A question without anything to say. */
export const nothing = z.object({});
