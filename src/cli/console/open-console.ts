/**
 * The console's own server: the page, sessions, and what the page asks of the admin API.
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Question } from '../../admin-api/routes.ts';
import { GatehouseError, meaningOf } from '../../errors.ts';
import { programVersion } from '../../lib/version.ts';
import type { AdminFlags } from '../admin/admin-client.ts';
import { allowedRoute } from './allowed.ts';
import { type Asset, readAssets } from './assets.ts';
import { type Bodies, createBodies } from './bodies.ts';
import { followStream } from './follow-stream.ts';
import { createFreshClient } from './fresh-client.ts';
import { pageHeaders, refusalOf } from './guard.ts';
import { type Refusal, refusalFor } from './refusal.ts';
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
  /** Of pages that have a session. */
  readonly bodies: Bodies;
  /** Of whoever has none. */
  readonly strangers: Bodies;
  readonly client: ReturnType<typeof createFreshClient>;
  readonly allowVerbs: boolean;
  readonly worker: ConsoleWorker;
  readonly admin: string;
  /** Takes what nobody has foreseen. */
  readonly report: (what: string) => void;
  port: number;
}

/** Of a page: the text of an edited policy. */
const MOST_BODY_BYTES = 8 * 1024 * 1024;
const MOST_BODIES = 32;
/** Of a link's token. */
const MOST_STRANGER_BYTES = 4_096;
const MOST_STRANGERS = 64;
/** Until a question has come whole. */
const MOST_QUESTION_MS = 30_000;

/**
 * Serves the page.
 *
 * @param config  names the policies for what is worked out here; undefined: nobody knows them here
 * @param report  takes what nobody has foreseen, which the page is not told
 * @throws GatehouseError `address_in_use`, `not_found`, and as `adminClient`
 */
export async function openConsole(
  at: { readonly host: string; readonly port: number },
  flags: ConsoleFlags,
  config: string | undefined,
  report: (what: string) => void,
): Promise<ServedConsole> {
  const client = createFreshClient(flags);
  await client(); // a flag that means nothing is told before a page is shown
  const sessions = createSessions();
  await using stack = new AsyncDisposableStack();
  const context: Context = {
    ...{ assets: readAssets(), sessions, client, allowVerbs: flags.allowVerbs === true },
    bodies: createBodies(MOST_BODY_BYTES, MOST_BODIES),
    strangers: createBodies(MOST_STRANGER_BYTES, MOST_STRANGERS),
    worker: stack.use(createConsoleWorker(config)),
    admin: flags.admin ?? 'listen.admin of the configuration',
    ...{ report, port: at.port },
  };
  const server = createServer(
    { maxHeaderSize: 16_384, requestTimeout: MOST_QUESTION_MS, connectionsCheckingInterval: 5_000 },
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
    else sendError(response, refusalFor(thrown, context.report));
  }
}

function sendAsset(path: string, response: ServerResponse, { assets }: Context): void {
  const asset = assets.get(path);
  if (asset === undefined) throw new GatehouseError('not_found', `there is no ${path}`);
  response.writeHead(200, { ...pageHeaders, 'content-type': asset.type, 'content-length': asset.bytes.length });
  response.end(asset.bytes);
}

/** What the page asks, by path. Nothing is read of who has no session, but for the token of the one that begins it. */
async function post(path: string, request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  const { sessions } = context;
  if (path === '/session') {
    const session = sessions.begin(textOf(await context.strangers.read(request), 'token'));
    if (session === undefined)
      throw new GatehouseError('token_invalid', 'that link was used, or is too old: `gatehouse console` gives another');
    send(response, { session, version: programVersion(), admin: context.admin, allowVerbs: context.allowVerbs });
    return;
  }
  const [, session = ''] = /^Bearer ([\w-]{1,128})$/.exec(request.headers.authorization ?? '') ?? [];
  if (!sessions.has(session))
    throw new GatehouseError('token_invalid', 'this page has no session: `gatehouse console` gives a link');
  const answer = Object.hasOwn(answers, path) ? answers[path] : undefined;
  if (answer === undefined) throw new GatehouseError('not_found', `there is no POST ${path}`);
  await answer(await context.bodies.read(request), response, context);
}

/** What is answered to a page that has a session. */
const answers: Readonly<
  Record<string, (body: object, response: ServerResponse, context: Context) => void | Promise<void>>
> = {
  '/link': (_body, response, { sessions }) => send(response, { token: sessions.link() }),
  '/ask': async (body, response, { client, allowVerbs }) => {
    const { route: name, question = {} } = body as { route?: unknown; question?: object };
    const route = allowedRoute(String(name), question, allowVerbs);
    // The table's own client checks the answer; that the question is one of this route, the server says.
    const ask = (await client()).ask as (route: string, question: object) => Promise<unknown>;
    send(response, await ask(route, question));
  },
  '/stream': sendStream,
  '/what-if': async (body, response, { worker }) => send(response, await worker.whatIf(body, abortedWith(response))),
  '/allowed-pairs': async (_body, response, { worker }) => send(response, await worker.pairs(abortedWith(response))),
};

async function sendStream(question: object, response: ServerResponse, { client, report }: Context): Promise<void> {
  const stop = abortedWith(response);
  const asked = question as Question<'GET /v1/stream'>; // the server says whether it is one
  response.writeHead(200, { ...pageHeaders, 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  try {
    await pipeline(async function* lines() {
      try {
        for await (const event of followStream(client, asked, stop)) yield `${JSON.stringify(event)}\n`;
      } catch (thrown) {
        const { code, message } = refusalFor(thrown, report);
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

const textOf = (body: object, field: string): string => {
  const text = (body as Readonly<Record<string, unknown>>)[field];
  return typeof text === 'string' ? text : '';
};

function send(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { ...pageHeaders, 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function sendError(response: ServerResponse, refusal: Refusal): void {
  const { http } = meaningOf(refusal.code);
  response.writeHead(http, { ...pageHeaders, 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(refusal));
}
