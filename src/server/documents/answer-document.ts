/**
 * Answers GET and HEAD for documents that are held in memory (RFC 9110 §9.3.1, §13.1.2).
 * @module
 */
import { hash } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { PublicDocument } from './messages.ts';

/** Documents by path, each with its validator. */
export type DocumentShelf = ReadonlyMap<string, PublicDocument & { readonly etag: string }>;

/** Puts documents where they are found. */
export const shelfOf = (documents: readonly PublicDocument[]): DocumentShelf =>
  new Map(documents.map((each) => [each.path, { ...each, etag: `"${hash('sha256', each.body).slice(0, 32)}"` }]));

const RETRY_SECONDS = '5';

type Asked = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

interface Answer {
  readonly status: number;
  readonly fields: OutgoingHttpHeaders;
  readonly body: string;
}

/**
 * Answers one request. Nothing of it counts but method, path and `If-None-Match`: who asks under another host name gets the same.
 *
 * @param shelf  undefined: there is nothing yet; answered with 503
 */
export function answerDocument(request: Asked, response: ServerResponse, shelf: DocumentShelf | undefined): void {
  const { status, fields, body } = answerTo(request, shelf);
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    'x-content-type-options': 'nosniff',
    ...(status !== 304 && { 'content-length': bytes.length }),
    ...(hasBody(request) && { connection: 'close' }),
    ...fields,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function answerTo({ method, url = '', headers }: Asked, shelf: DocumentShelf | undefined): Answer {
  if (method !== 'GET' && method !== 'HEAD') return refusal(405, 'only GET and HEAD', { allow: 'GET, HEAD' });
  if (shelf === undefined) return refusal(503, 'no key is published yet', { 'retry-after': RETRY_SECONDS });
  const found = shelf.get(url.split('?', 1)[0]!);
  if (found === undefined) return refusal(404, 'no such document');
  const fields = { etag: found.etag, 'cache-control': `public, max-age=${found.maxAgeSeconds}` };
  const known = headers['if-none-match']?.split(',').map((each) => each.trim().replace(/^W\//, ''));
  if (known?.some((each) => each === found.etag || each === '*')) return { status: 304, fields, body: '' };
  return { status: 200, fields: { ...fields, 'content-type': found.type }, body: found.body };
}

const refusal = (status: number, why: string, more: OutgoingHttpHeaders = {}): Answer => ({
  status,
  fields: { 'content-type': 'text/plain', 'cache-control': 'no-store', ...more },
  body: `${why}\n`,
});

/** Nobody reads a body here: what it holds must not be taken for the next request. */
const hasBody = ({ headers }: Asked): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
