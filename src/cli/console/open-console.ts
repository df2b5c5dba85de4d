/**
 * The console's own server: the page, sessions, and what the page asks of the admin API.
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Question } from '../../admin-api/routes.ts';
import { asGatehouseError, GatehouseError, meaningOf } from '../../errors.ts';
import { programVersion } from '../../lib/version.ts';
import type { AdminFlags } from '../admin/admin-client.ts';
import { allowedRoute } from './allowed.ts';
import { type Asset, readAssets } from './assets.ts';
import { followStream } from './follow-stream.ts';
import { createFreshClient } from './fresh-client.ts';
import { pageHeaders, refusalOf } from './guard.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { type ConsoleWorker, createConsoleWorker } from './worker.ts';

/** A console that is served. */
export interface ServedConsole extends AsyncDisposable {
  /** With the token of one session in its fragment, which is sent to nobody. */
  readonly url: string;
  readonly address: string;
  /** Where the server is that it shows, for people. */
  readonly admin: string;
}

export interface ConsoleFlags extends AdminFlags {
  readonly allowVerbs?: true;
}

interface Context {
  readonly assets: ReadonlyMap<string, Asset>;
  readonly sessions: Sessions;
  readonly client: ReturnType<typeof createFreshClient>;
  readonly allowVerbs: boolean;
  readonly worker: ConsoleWorker;
  readonly admin: string;
  port: number;
}

const MOST_BODY_BYTES = 8 * 1024 * 1024;

/**
 * Serves the page.
 *
 * @param config  names the policies for what is worked out here; undefined: nobody knows them here
 * @throws GatehouseError `address_in_use`, `not_found`, and as `adminClient`
 */
export async function openConsole(
  at: { readonly host: string; readonly port: number },
  flags: ConsoleFlags,
  config: string | undefined,
): Promise<ServedConsole> {
  const client = createFreshClient(flags);
  await client(); // a flag that means nothing is told before a page is shown
  const sessions = createSessions();
  await using stack = new AsyncDisposableStack();
  const context: Context = {
    ...{ assets: readAssets(), sessions, client, allowVerbs: flags.allowVerbs === true },
    worker: stack.use(createConsoleWorker(config)),
    admin: flags.admin ?? 'listen.admin of the configuration',
    port: at.port,
  };
  const server = createServer(
    { maxHeaderSize: 16_384 },
    (request, response) => void answer(request, response, context),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ message }) =>
      reject(new GatehouseError('address_in_use', `the page cannot be served at ${at.host}:${at.port}: ${message}`)),
    );
    server.listen(at.port, at.host, resolve);
  });
  context.port = (server.address() as AddressInfo).port; // it listens on TCP
  stack.defer(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  void warmUp(client);
  const opened = stack.move();
  const address = `http://${at.host.includes(':') ? `[${at.host}]` : at.host}:${context.port}`;
  return {
    url: `${address}/#token=${sessions.link()}`,
    address,
    admin: context.admin,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Asks once what the page asks first, so that it need not wait for a connection. What fails is told when the page asks. */
async function warmUp(client: Context['client']): Promise<void> {
  try {
    await (await client()).ask('GET /v1/decisions', { limit: 200 });
  } catch {
    // told to the page
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  const { method = '', url = '/' } = request;
  try {
    const refusal = refusalOf(method, request.headers, context.port);
    if (refusal !== undefined) throw new GatehouseError('caller_not_authorised', refusal);
    const [path = '/'] = url.split('?', 1);
    if (method === 'GET') sendAsset(path, response, context);
    else if (method === 'POST') await post(path, request, response, context);
    else throw new GatehouseError('not_found', `there is no ${method} ${path}`);
  } catch (thrown) {
    if (response.headersSent) response.destroy();
    else sendError(response, thrown);
  }
}

function sendAsset(path: string, response: ServerResponse, { assets }: Context): void {
  const asset = assets.get(path);
  if (asset === undefined) throw new GatehouseError('not_found', `there is no ${path}`);
  response.writeHead(200, { ...pageHeaders, 'content-type': asset.type, 'content-length': asset.bytes.length });
  response.end(asset.bytes);
}

/** What the page asks, by path: of a session, but for the one that begins it. */
async function post(path: string, request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  const { sessions, client, allowVerbs, worker } = context;
  const body = await bodyOf(request);
  if (path === '/session') {
    const session = sessions.begin(textOf(body, 'token'));
    if (session === undefined)
      throw new GatehouseError('token_invalid', 'that link was used, or is too old: `gatehouse console` gives another');
    send(response, { session, version: programVersion(), admin: context.admin, allowVerbs });
    return;
  }
  const [, session = ''] = /^Bearer ([\w-]{1,128})$/.exec(request.headers.authorization ?? '') ?? [];
  if (!sessions.has(session))
    throw new GatehouseError('token_invalid', 'this page has no session: `gatehouse console` gives a link');
  if (path === '/link') send(response, { token: sessions.link() });
  else if (path === '/ask') {
    const { route: name, question = {} } = body as { route?: unknown; question?: object };
    const route = allowedRoute(String(name), question, allowVerbs);
    // The table's own client checks the answer; that the question is one of this route, the server says.
    const ask = (await client()).ask as (route: string, question: object) => Promise<unknown>;
    send(response, await ask(route, question));
  } else if (path === '/stream') await sendStream(body as Question<'GET /v1/stream'>, response, context);
  else if (path === '/what-if') send(response, await worker.whatIf(body, abortedWith(response)));
  else if (path === '/allowed-pairs') send(response, await worker.pairs(abortedWith(response)));
  else throw new GatehouseError('not_found', `there is no POST ${path}`);
}

async function sendStream(question: Question<'GET /v1/stream'>, response: ServerResponse, { client }: Context) {
  const stop = abortedWith(response);
  response.writeHead(200, { ...pageHeaders, 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  try {
    await pipeline(async function* lines() {
      try {
        for await (const event of followStream(client, question, stop)) yield `${JSON.stringify(event)}\n`;
      } catch (thrown) {
        const { code, message } = asGatehouseError(thrown);
        yield `${JSON.stringify({ type: 'refused', code, why: message })}\n`;
      }
    }, response);
  } catch {
    // the page has gone
  }
}

function abortedWith(response: ServerResponse): AbortSignal {
  const stopping = new AbortController();
  response.once('close', () => stopping.abort());
  return stopping.signal;
}

const textOf = (body: unknown, field: string): string => {
  const text = (body as Readonly<Record<string, unknown>> | null)?.[field];
  return typeof text === 'string' ? text : '';
};

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MOST_BODY_BYTES) throw new GatehouseError('message_too_large', 'that is too large for the console');
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof body === 'object' && body !== null) return body;
  } catch {
    // told below
  }
  throw new GatehouseError('message_invalid', 'the body is no JSON object');
}

function send(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { ...pageHeaders, 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function sendError(response: ServerResponse, thrown: unknown): void {
  const { code, message, details } = asGatehouseError(thrown);
  response.writeHead(meaningOf(code).http, { ...pageHeaders, 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify({ code, message, details }));
}
