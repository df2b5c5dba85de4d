/**
 * Questions to the admin API, checked by its table.
 * @module
 */
import { type ReadQuestion, type Route, routes } from '../../admin-api/routes.ts';
import { GatehouseError } from '../../errors.ts';
import type { FoundRoute } from './handlers.ts';
import { readExplainQuestion } from './routes/explain.ts';

/** What somebody sent. */
export interface Sent {
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
}

/** Forms that one schema cannot name the faults of. */
const readers: { readonly [R in Route]?: (body: unknown) => ReadQuestion<R> } = {
  'POST /v1/explain': readExplainQuestion,
};

/**
 * Reads a question: of a GET its path and query, of which the first value of a name counts; of a POST its body, where an absent one
 * counts as `{}`.
 *
 * @throws GatehouseError `message_invalid`, naming the field
 */
export function readQuestion({ route, inPath }: FoundRoute, { query, body }: Sent): ReadQuestion<Route> {
  const reader = readers[route];
  if (reader !== undefined) return reader(body);
  const isQuery = route.startsWith('GET ');
  const sent = isQuery ? { ...Object.fromEntries([...query].reverse()), ...inPath } : (body ?? {});
  const read = routes[route].asks.safeParse(sent);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const place = issue?.path.join('.') ?? '';
  const name = place === '' ? (isQuery ? 'the query:' : 'the body:') : isQuery ? place : `${place}:`;
  throw new GatehouseError('message_invalid', `${name} ${issue?.message ?? 'not valid'}`);
}
