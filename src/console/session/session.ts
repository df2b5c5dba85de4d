/**
 * The session of this page: begun by the token of a link, kept for this tab alone.
 * @module
 */
import { signal } from '@preact/signals';
import { tokenOf } from '../model/address.ts';

/** What the console's server says of itself. */
export interface Session {
  readonly session: string;
  readonly version: string;
  /** Where the server is that is shown. */
  readonly admin: string;
  readonly allowVerbs: boolean;
}

const KEY = 'gatehouse-session';

/** Undefined: there is none, and the page can ask nothing. */
export const session = signal<Session | undefined>(undefined);
/** Why there is none. */
export const sessionTrouble = signal('');

/** Something that the console's server refused. */
export class Refused extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** Exchanges the token of the address, which is wiped from it at once; else takes up the session of this tab. */
export async function beginSession(): Promise<void> {
  const token = tokenOf(location.hash);
  if (token === undefined) {
    session.value = kept();
    if (session.value === undefined)
      sessionTrouble.value = 'this page has no session: `gatehouse console` prints a link to one';
    return;
  }
  history.replaceState(null, '', '#/live');
  try {
    const begun = (await post('/session', { token })) as Session; // the console's own answer
    sessionStorage.setItem(KEY, JSON.stringify(begun));
    session.value = begun;
  } catch (thrown) {
    session.value = kept();
    if (session.value === undefined) sessionTrouble.value = (thrown as Error).message;
  }
}

function kept(): Session | undefined {
  const text = sessionStorage.getItem(KEY);
  return text === null ? undefined : (JSON.parse(text) as Session); // written above
}

/** Sends a question to the console's server. @throws Refused `unreachable` where it is not there */
export async function send(path: string, body: unknown, stop?: AbortSignal): Promise<Response> {
  const headers = new Headers({ 'content-type': 'application/json' });
  if (session.value !== undefined) headers.set('authorization', `Bearer ${session.value.session}`);
  let response: Response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      ...(stop && { signal: stop }),
    });
  } catch (thrown) {
    if (stop?.aborted === true) throw thrown;
    throw new Refused('unreachable', 'the console itself is away: is `gatehouse console` still running?');
  }
  if (response.ok) return response;
  const told = (await response.json().catch(() => ({}))) as { code?: string; message?: string; details?: object };
  if (told.code === 'token_invalid' && path !== '/session') {
    sessionStorage.removeItem(KEY);
    session.value = undefined;
    sessionTrouble.value = told.message ?? '';
  }
  throw new Refused(told.code ?? 'internal', told.message ?? `status ${response.status}`, { ...told.details });
}

/** The same, answered by JSON. */
export const post = async (path: string, body: unknown, stop?: AbortSignal): Promise<unknown> =>
  (await send(path, body, stop)).json();
