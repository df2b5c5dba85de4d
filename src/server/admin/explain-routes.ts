/**
 * `/v1/explain`.
 * @module
 */
import { encodeRequestForm } from '../../analysis/request-form.ts';
import { GatehouseError } from '../../errors.ts';
import type { AdminHandler } from './admin-handler.ts';

/**
 * Explains what the policies in force say. The body is a request form, or `{ "request": … }` with one, or
 * `{ "checkRequest": … }` with the bytes of a CheckRequest in base64.
 */
export const explain: AdminHandler = ({ body }, deps) =>
  deps.explain.explain({ request: requestOf(body), nowMs: Date.now(), caller: { local: true } });

function requestOf(body: unknown): Uint8Array {
  if (typeof body !== 'object' || body === null)
    throw new GatehouseError('message_invalid', 'send a request: { "source": …, "destination": …, "http": … }');
  if ('checkRequest' in body) {
    if (typeof body.checkRequest === 'string') return Buffer.from(body.checkRequest, 'base64');
    throw new GatehouseError('message_invalid', 'checkRequest must be the bytes of a CheckRequest in base64');
  }
  return encodeRequestForm('request' in body ? body.request : body);
}
