/**
 * The method of a request, without making a new string for the usual ones.
 * @module
 */
import { type CheckRequest, part } from './check-request.ts';

const usual = ['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS', 'CONNECT'];

/** The method as sent; `''` if there is none. */
export function readMethod(request: CheckRequest): string {
  const begin = request.spans[part.method * 2]!;
  if (begin < 0) return '';
  const length = request.spans[part.method * 2 + 1]! - begin;
  for (let i = 0; i < usual.length; i++) {
    const method = usual[i]!;
    if (method.length === length && isAt(request.bytes, begin, method)) return method;
  }
  return request.text(part.method);
}

function isAt(bytes: Buffer, begin: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[begin + i] !== text.charCodeAt(i)) return false;
  return true;
}
