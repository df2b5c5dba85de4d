/**
 * What of the values decides which objects there are.
 * @module
 */
import type { Condition } from '../chart/tree.ts';
import { value } from '../chart/tree.ts';

export const onVolume: Condition = { is: ['authority.store', 'volume'] };
export const onPostgres: Condition = { is: ['authority.store', 'postgres'] };
/** A node signs what its socket gives, and only a shared store lets several sign. */
export const onNodes: Condition = { all: [value('node.enabled'), onPostgres] };

/** A cluster asks before it stores a policy. */
export const onAdmission: Condition = { not: { is: ['admission.check', 'off'] } };
/** Changes are held against what tenants are promised, too. */
export const onProve: Condition = { not: { is: ['admission.prove', 'off'] } };
/** Who judges policies reads them, and decides by them. */
export const authorityDecides: Condition = { any: [{ not: onNodes }, onAdmission] };

/** The kubelet mounts certificates that we sign. */
export const onSigner: Condition = value('signer.enabled');
/** Authors are told what is wrong with their policies, by who reads them. */
export const onStatus: Condition = { all: [value('status.enabled'), authorityDecides] };
/** One replica writes to the cluster. */
export const onLeader: Condition = { any: [onSigner, onStatus] };

/** What no schema says of one value alone: each ends a rendering with its message. */
export const refusals: readonly { readonly condition: Condition; readonly message: string }[] = [
  {
    condition: { all: [onProve, { not: onAdmission }] },
    message: 'admission.prove needs the webhook: set admission.check to warn or enforce',
  },
  {
    condition: { all: [onPostgres, { not: value('authority.postgres.url') }] },
    message: 'authority.postgres.url must say where the database is, as postgres://USER@HOST/DATABASE',
  },
  {
    condition: { all: [onPostgres, { not: value('authority.keyEncryptionKey.name') }] },
    message:
      'authority.keyEncryptionKey.name must name a Secret: a shared store holds the keys of the authority, so they must be encrypted',
  },
];
