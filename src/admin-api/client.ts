/**
 * Asks an admin API, over whatever transport there is: every answer is parsed, so that no field is misread.
 * @module
 */
import type * as z from 'zod';
import { GatehouseError, isErrorCode } from '../errors.ts';
import { errorAnswer } from './errors.ts';
import { type Answer, type Question, type Route, routes } from './routes.ts';

/** Characters of one event. */
const MOST_LINE = 16 * 1024 * 1024;

export interface AdminTransport {
  /**
   * Sends a request and gives the answer, whatever its status.
   *
   * @param path  with its query
   * @param body  JSON, if there is one
   * @throws GatehouseError `unreachable`
   */
  send(method: 'GET' | 'POST', path: string, body?: string): Promise<AdminReply>;
  /** Where the server is, for people. */
  readonly address: string;
}

export interface AdminReply {
  readonly status: number;
  /** The header `gatehouse-version`; absent from servers before it was told. */
  readonly version: string | undefined;
  text(): Promise<string>;
  /** The body as it comes; it throws where the server breaks off. */
  pieces(): AsyncIterable<Uint8Array>;
}

// biome-ignore lint/complexity/noBannedTypes: `{}` is what a question without a required field takes
type Asked<R extends Route> = {} extends Question<R> ? [question?: Question<R>] : [question: Question<R>];

export interface AdminClient {
  /**
   * Asks one question.
   *
   * @throws GatehouseError `unreachable`; what the server answered; `message_invalid` where the answer is not as the table says,
   *   naming the field and the server's version
   */
  ask<R extends Route>(route: R, ...asked: Asked<R>): Promise<Answer<R>>;
}

/** Creates a client. */
export function createAdminClient(transport: AdminTransport): AdminClient {
  return {
    async ask<R extends Route>(route: R, ...[question]: Asked<R>): Promise<Answer<R>> {
      const { method, path, body } = encode(route, question ?? {});
      const reply = await transport.send(method, path, body);
      const { answers, lines } = { lines: false, ...routes[route] };
      if (reply.status < 200 || reply.status > 299) throw await refusalOf(route, reply, transport);
      // The table says what a route answers; the types of one route cannot be seen from in here. The answer itself goes on, not a
      // copy: fields that the schema does not know are a newer server's, and are shown. No answer has a default or a transformation.
      if (answers === 'bytes') return reply.pieces() as Answer<R>;
      if (lines) return eventsOf(route, answers, reply, transport) as unknown as Answer<R>;
      return (await parse(route, answers, reply, transport)) as Answer<R>;
    },
  };
}

interface Encoded {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

function encode(route: Route, question: object): Encoded {
  const [method, template] = route.split(' ') as ['GET' | 'POST', string]; // as every route is written
  if (method === 'POST') return { method, path: template, body: JSON.stringify(question) };
  const query = new URLSearchParams();
  let path = template;
  for (const [name, value] of Object.entries(question)) {
    const inPath = `{${name}}`;
    if (path.includes(inPath)) path = path.replace(inPath, encodeURIComponent(String(value)));
    else if (value !== undefined) query.set(name, String(value));
  }
  return { method, path: query.size === 0 ? path : `${path}?${query.toString()}` };
}

async function parse(
  route: Route,
  schema: z.ZodType,
  reply: AdminReply,
  { address }: AdminTransport,
): Promise<unknown> {
  const version = reply.version ?? 'unknown';
  const document = parseJson(await reply.text(), address);
  check(document, schema, `the server at ${address} (version ${version}) answers ${route}`, { route, version });
  return document;
}

/** Reads line by line. A line that comes in parts is put together, and one that is cut off by the end is left out: it was not said. */
async function* eventsOf(
  route: Route,
  schema: z.ZodType,
  reply: AdminReply,
  { address }: AdminTransport,
): AsyncGenerator<unknown> {
  const version = reply.version ?? 'unknown';
  const place = `the server at ${address} (version ${version}) answers ${route}`;
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of reply.pieces()) {
    rest += decoder.decode(piece, { stream: true });
    if (rest.length > MOST_LINE)
      throw new GatehouseError('message_invalid', `${place} with a line of more than ${MOST_LINE} characters`);
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = parseJson(line, address);
      const issue = schema.safeParse(event).error?.issues[0];
      if (issue !== undefined && isOfNewerKind(event, issue)) continue;
      if (issue !== undefined) throw otherwise(issue, place, { route, version });
      yield event;
    }
  }
}

/** Whether an event has a `type` of which this program knows nothing: a newer server's, which is not for us. */
function isOfNewerKind(event: unknown, issue: z.core.$ZodIssue): boolean {
  const { type } = { type: undefined, ...(event as { readonly type?: unknown } | null) }; // an array or a text has none
  return typeof type === 'string' && type !== '' && issue.code === 'invalid_union' && issue.path.join('.') === 'type';
}

/**
 * The details of a refusal, checked.
 *
 * @throws GatehouseError `message_invalid`, naming the field
 */
export function checkedDetails<S extends z.ZodType>({ code, details }: GatehouseError, schema: S): z.output<S> {
  check(details, schema, `the server answers details of ${code}`, { code });
  return details as z.output<S>; // as above
}

/** Holds a document to a schema. @throws GatehouseError `message_invalid`, naming the field */
function check(document: unknown, schema: z.ZodType, place: string, context: object): void {
  const issue = schema.safeParse(document).error?.issues[0];
  if (issue !== undefined) throw otherwise(issue, place, context);
}

/** What is not as the table says, by its first fault. */
function otherwise({ path, message }: z.core.$ZodIssue, place: string, context: object): GatehouseError {
  const field = path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${String(part)}`),
    '',
  );
  return new GatehouseError(
    'message_invalid',
    `${place} otherwise than this program knows: ${field === '' ? 'the answer' : field}: ${message}`,
    { ...context, field },
  );
}

async function refusalOf(route: Route, reply: AdminReply, { address }: AdminTransport): Promise<GatehouseError> {
  const read = errorAnswer.safeParse(parseJson(await reply.text(), address));
  if (!read.success)
    return new GatehouseError('internal', `the server at ${address} answered ${route} with status ${reply.status}`);
  const { code, message, details } = read.data;
  if (isErrorCode(code)) return new GatehouseError(code, message, details);
  return new GatehouseError('internal', `${code}: ${message}`, { ...details, serverCode: code });
}

function parseJson(text: string, address: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new GatehouseError('unreachable', `what answers at ${address} is no admin API`, { address });
  }
}
