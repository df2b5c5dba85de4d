/**
 * An SVID as a TLS client takes it, fetched by the command line.
 * @module
 */
import type { PeerCertificate } from 'node:tls';
import { gatehouseJson } from './run-gatehouse.ts';

/** PEM. */
export interface ClientIdentity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

interface FetchedSvids {
  readonly svids: readonly { readonly chainPem: string; readonly keyPem: string; readonly bundlePem: string }[];
}

/** @param socket  path of a Workload API socket */
export async function svidOf(socket: string): Promise<ClientIdentity> {
  const { svids } = (await gatehouseJson('svid', 'fetch', '--socket', `unix:${socket}`, '--show-key')) as FetchedSvids; // the contract's answer
  const { chainPem: cert, keyPem: key, bundlePem: ca } = svids[0]!;
  return { cert, key, ca };
}

/** For TLS clients: accepts the server if its only URI name is `spiffeId`, whatever its host. */
export const mustBe =
  (spiffeId: string) =>
  (_: string, { subjectaltname }: PeerCertificate): Error | undefined =>
    (subjectaltname ?? '')
      .split(', ')
      .filter((name) => name.startsWith('URI:'))
      .join() === `URI:${spiffeId}`
      ? undefined
      : new Error(`the server is ${subjectaltname}`);
