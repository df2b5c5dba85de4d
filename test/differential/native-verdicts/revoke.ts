/**
 * Revokes what was drawn: names, and serial numbers and keys of certificates that Gatehouse has issued.
 * @module
 */
import { createHash } from 'node:crypto';
import type { Revocations } from '../../../src/authz/state.ts';
import { readCertificate } from '../../../src/identity/pki/certificate.ts';
import { askAdmin } from '../../support/ask-admin.ts';
import { eventually, GiveUp } from '../../support/eventually.ts';
import { derOf } from '../../support/openssl-ca.ts';
import { gatehouseJson, type ReadyLine } from '../../support/run-gatehouse.ts';
import { drawnCallers } from './draw-questions.ts';
import { type DrawnSettings, issuedIn } from './draw-settings.ts';
import type { Equipment } from './equipment.ts';

/** What Envoys are told. */
export type Revoked = Pick<Revocations, 'spiffeIds' | 'serials' | 'spkis'>;

interface FetchedSvids {
  readonly svids: readonly { readonly spiffeId: string; readonly chainPem: string; readonly keyPem: string }[];
}

/** Answers the callers, of whom some have other certificates now, and what Envoys are to be told. */
export async function revoke(
  callers: Equipment['callers'],
  settings: DrawnSettings,
  { admin, workloadApi }: Pick<ReadyLine, 'admin' | 'workloadApi'>,
): Promise<{
  readonly callers: Equipment['callers'];
  readonly revocations: Revoked;
}> {
  const issued = await issue(settings, workloadApi);
  const now = callers.map((each, i) => issued.get(i) ?? each);
  const values = { id: new Set<string>(), serial: new Set<string>(), spki: new Set<string>() };
  for (const { by, caller } of settings.revoked) {
    const { serial, spki } = readCertificate(derOf(now[caller]!.cert));
    const texts = { id: drawnCallers[caller]!.uris[0]!, serial, spki: createHash('sha256').update(spki).digest('hex') };
    const value = texts[by];
    values[by].add(value);
    const asked = { kind: by, value, reason: 'drawn', override: true };
    await eventually(`${by} ${value} is revoked`, async () => {
      const { status, body } = await askAdmin(admin, 'POST', '/v1/revocations', asked);
      if (status !== 200) throw new GiveUp(JSON.stringify(body));
      return (body as { readonly inForce: boolean }).inForce || undefined; // of the answer's declared form
    });
  }
  return { callers: now, revocations: { spiffeIds: values.id, serials: values.serial, spkis: values.spki } };
}

async function issue(
  settings: DrawnSettings,
  socket: string,
): Promise<ReadonlyMap<number, Equipment['callers'][number]>> {
  const indices = issuedIn(settings);
  if (indices.length === 0) return new Map();
  const { svids } = (await gatehouseJson('svid', 'fetch', '--socket', socket, '--show-key')) as FetchedSvids; // the contract's answer
  return new Map(
    indices.map((i) => {
      const { chainPem: cert, keyPem: key } = svids.find(({ spiffeId }) => spiffeId === drawnCallers[i]!.uris[0])!;
      return [i, { cert, key }];
    }),
  );
}
