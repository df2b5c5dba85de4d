/**
 * Many requests over a few kept connections.
 * @module
 */
import { Agent, request } from 'node:https';
import type { ClientIdentity } from '../support/svid-of.ts';

const CONNECTIONS = 8;

/** Asks `count` times; answers the status of each, in order. */
export async function manyOver(
  port: number,
  { identity, ca }: { readonly identity: ClientIdentity | undefined; readonly ca: string },
  count: number,
  pathOf: (i: number) => string,
): Promise<readonly number[]> {
  const shown = identity && { cert: identity.cert, key: identity.key };
  const agent = new Agent({
    keepAlive: true,
    maxSockets: CONNECTIONS,
    ca,
    checkServerIdentity: () => undefined,
    ...shown,
  });
  const headers = { host: 'details.example' };
  const where = { host: '127.0.0.1', port, servername: 'details.example', headers, agent };
  const statuses: number[] = [];
  const one = (i: number): Promise<void> =>
    new Promise((resolve, reject) => {
      request({ ...where, path: pathOf(i) }, (response) => {
        statuses[i] = response.statusCode ?? 0;
        response.resume().once('end', resolve);
      })
        .once('error', reject)
        .end();
    });
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  agent.destroy();
  return statuses;
}
