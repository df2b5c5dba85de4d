/**
 * Bodies of the admin API, checked.
 * @module
 */
import type * as z from 'zod';
import { GatehouseError } from '../../errors.ts';

/** The body as `schema` wants it; an absent one counts as `{}`. @throws GatehouseError `message_invalid`, naming the field */
export function bodyAs<T>(schema: z.ZodType<T>, body: unknown): T {
  const read = schema.safeParse(body ?? {});
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const place = issue?.path.join('.') ?? '';
  throw new GatehouseError('message_invalid', `${place === '' ? 'the body' : place}: ${issue?.message ?? 'not valid'}`);
}
