/**
 * Methods that tests call.
 * @module
 */
import type { LaneMethod } from '../../src/transport/lane/method.ts';

/** A CheckResponse that allows. */
const allowReply = Buffer.from([0x0a, 0x00, 0x1a, 0x00]);
export const checkPath = '/envoy.service.auth.v3.Authorization/Check';
export const bigReply = Buffer.alloc(60_000, 'x');

export const laneMethods: ReadonlyMap<string, LaneMethod<string>> = new Map<string, LaneMethod<string>>([
  [checkPath, () => allowReply],
  ['/test.Test/Echo', (message) => Buffer.from(message)],
  ['/test.Test/Later', async (message) => Buffer.from(message)],
  ['/test.Test/Never', () => new Promise(() => {})],
  ['/test.Test/Big', () => bigReply],
  ['/test.Test/Refuse', () => ({ status: 5, message: 'no such thing: 100% — gone' })],
  [
    '/test.Test/Throw',
    () => {
      throw new Error('a secret');
    },
  ],
  ['/test.Test/Reject', () => Promise.reject(new Error('a secret'))],
]);
