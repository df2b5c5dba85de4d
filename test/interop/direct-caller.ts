/**
 * A caller that shows an SVID by itself, without an Envoy that would renew it.
 * @module
 */
import { Agent, request } from 'node:https';
import { type ClientIdentity, mustBe } from '../support/svid-of.ts';

/** Calls the `callee` of `other.example` behind a unix socket, each time on a new connection: the status, or the fault in words. */
export function directCaller(socketPath: string, identity: ClientIdentity): () => Promise<number | string> {
  const checkServerIdentity = mustBe('spiffe://other.example/ns/default/sa/callee');
  return () =>
    new Promise((resolve) => {
      request({ socketPath, agent: new Agent(), ...identity, checkServerIdentity }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
      })
        .once('error', ({ message }) => resolve(message))
        .end();
    });
}
