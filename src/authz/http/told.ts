/**
 * What a proxy says of a request, read out of the head of its question: each thing once, and nothing that another proxy would say.
 * @module
 */
import type { Dialect, Said } from './dialect.ts';

/** What was said; a thing that was not is absent. */
export interface Told {
  readonly said: ReadonlyMap<Said, string>;
  /** Names (lower-case) and values of what the client sent, one after the other. */
  readonly clientHeaders: readonly string[];
}

/** Texts in place of a value, by whoever did not have one. */
const NOTHING = /^\{|^\(null\)$/;
const HOST = /^[A-Za-z0-9\-._~%!$&'()*+;=:[\]]*$/;
const METHOD = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

/** What we have answered to a proxy that stands before this one. */
const answered: ReadonlySet<string> = new Set(['x-gatehouse-id', 'x-gatehouse-reason', 'x-gatehouse-decision']);

/** Reads it. @param rawHeaders  names and values, one after the other, as Node has them; a text says what is wrong */
export function readTold(rawHeaders: readonly string[], dialect: Dialect): Told | string {
  const said = new Map<Said, string>();
  const clientHeaders: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    const value = rawHeaders[i + 1]!;
    const what = dialect.headers.get(name);
    if (what !== undefined) {
      if (said.has(what)) return `${name} is there twice`;
      said.set(what, value);
    } else if (name.startsWith('x-gatehouse-') && !answered.has(name))
      return `${dialect.name} does not say ${name.slice(0, 64)}`;
    if (what === undefined || name === 'x-forwarded-for') {
      if (!dialect.own.has(name)) clientHeaders.push(name, value);
    }
  }
  return wrongWith(said, dialect) ?? { said, clientHeaders };
}

function wrongWith(said: ReadonlyMap<Said, string>, { required, headers, name }: Dialect): string | undefined {
  for (const what of required) {
    if (said.has(what)) continue;
    const header = [...headers].find(([, each]) => each === what)?.[0];
    return `${header} is not there: ${name} is not configured to say it`;
  }
  for (const what of ['method', 'uri', 'host', 'scheme'] as const) {
    const value = said.get(what);
    if (value !== undefined && NOTHING.test(value)) return `the ${what} is a text that stands for none`;
  }
  const [method, host] = [said.get('method'), said.get('host')];
  if (method !== undefined && !METHOD.test(method)) return 'the method is none';
  return host !== undefined && !HOST.test(host) ? 'the host is none' : undefined;
}

/** What may be empty begins with `=`. Undefined: it was not said, or the proxy has no such thing. */
export function optional(said: ReadonlyMap<Said, string>, what: Said, { isNone }: Dialect): string | undefined {
  const value = said.get(what);
  if (value === undefined || !value.startsWith('=')) return undefined;
  const rest = value.slice(1);
  return isNone(rest) ? '' : rest;
}

/** An address and a port, of a text that has both with `:` between them. */
export interface Place {
  readonly address: string;
  /** 0: not said. */
  readonly port: number;
}

/** Reads one; undefined if it is none. */
export function placeOf(text: string | undefined): Place | undefined {
  if (text === undefined) return undefined;
  const colon = text.lastIndexOf(':');
  const address = text.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = text.slice(colon + 1);
  if (colon < 0 || !/^[0-9A-Fa-f.:]+$/.test(address)) return undefined;
  return { address, port: /^[0-9]{1,5}$/.test(port) && Number(port) <= 65_535 ? Number(port) : 0 };
}
