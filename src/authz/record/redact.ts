/**
 * Keeps tokens out of what people read: logs, the list of recent decisions, traces.
 * @module
 */
import type { TokenCarriers } from '../../policy/token-carriers.ts';

/** What stands in a secret's place. */
const redacted = '[redacted]';

const alwaysHeaders = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie']);
const alwaysParams = new Set(['access_token']);

/** Three base64url parts of which the first begins like a JSON object: a JWT, wherever it stands. */
export const JWT = /\bey[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*/g;

/** Redacts one header value; `name` is lower-case. */
export function redactHeader(name: string, value: string, carriers: TokenCarriers): string {
  return isSecretHeader(name, carriers) ? redacted : redactPath(value, carriers);
}

/** Whether a header (lower-case) may hold a token, or what only a token may say. */
export function isSecretHeader(name: string, carriers: TokenCarriers): boolean {
  return alwaysHeaders.has(name) || carriers.headers.has(name);
}

/** Redacts the query of a path or URL, and any JWT in it. */
export function redactPath(path: string, carriers: TokenCarriers): string {
  const query = path.indexOf('?');
  if (query < 0) return redactTokens(path);
  const parts = path.slice(query + 1).split('&');
  const shown = parts.map((part) => {
    const equals = part.indexOf('=');
    return equals >= 0 && isSecretParameter(part.slice(0, equals), carriers)
      ? `${part.slice(0, equals)}=${redacted}`
      : part;
  });
  return redactTokens(`${path.slice(0, query)}?${shown.join('&')}`);
}

/** Whether a parameter of a query, as it stands there, may hold a token. */
export function isSecretParameter(param: string, carriers: TokenCarriers): boolean {
  const name = decoded(param);
  return alwaysParams.has(name) || carriers.params.has(name);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text; // a broken escape names no parameter
  }
}

function redactTokens(text: string): string {
  return text.includes('ey') ? text.replaceAll(JWT, redacted) : text;
}
