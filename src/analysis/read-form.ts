/**
 * Reads what was sent by the schema of a form, and names every member that is wrong.
 * @module
 */
import type * as z from 'zod';
import { GatehouseError } from '../errors.ts';
import { LOST_NAME_MESSAGE, pathOfLostName } from '../lib/lost-name.ts';
import { keysAt, nearest } from '../lib/nearest.ts';

export interface Form<S> {
  readonly schema: S;
  /** What a fault of the whole is called, e.g. `request`. */
  readonly name: string;
  /** The beginning of the message, e.g. `the request is not one`. */
  readonly refusal: string;
}

/** Reads it. @throws GatehouseError `message_invalid`, naming every member that is wrong */
export function readForm<S extends z.ZodType>({ schema, name, refusal }: Form<S>, value: unknown): z.output<S> {
  const refused = (problems: readonly string[]): GatehouseError =>
    new GatehouseError('message_invalid', `${refusal}: ${problems.join('; ')}`, { problems });
  const lost = pathOfLostName(value);
  if (lost !== undefined) throw refused([`${lost.join('.')}: ${LOST_NAME_MESSAGE}`]);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refused(
    parsed.error.issues.flatMap((issue) =>
      faultsOf(issue, schema).map(({ path, message }) => `${path.join('.') || name}: ${message}`),
    ),
  );
}

/** What is wrong at a place of a form. */
export interface FormFault {
  readonly path: readonly (string | number)[];
  /** The member that nobody knows, in what stands at the path. */
  readonly key?: string;
  readonly message: string;
}

/** What a schema says, with what was probably meant. */
export function faultsOf(issue: z.core.$ZodIssue, schema: z.ZodType): readonly FormFault[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'invalid_key') return [{ path, message: issue.issues[0]?.message ?? issue.message }];
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  const known = keysAt(schema, path);
  return issue.keys.map((key) => {
    const near = nearest(key, known);
    const fix = near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`;
    return { path, key, message: `there is no ${JSON.stringify(key)} (${fix})` };
  });
}
