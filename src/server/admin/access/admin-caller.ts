/**
 * Who asks the admin API, and what he may: by the kernel's word on a unix socket, by his SVID over mTLS.
 * @module
 */
import type { AdminRole } from '../../../admin-api/routes.ts';
import type { AdminConfig } from '../../../config/config.ts';
import { GatehouseError } from '../../../errors.ts';
import type { Accounts } from '../../../lib/accounts.ts';
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import type { PeerAccount } from '../../listeners/http-listener.ts';

/** A caller who was let in. */
export interface AdminCaller {
  /** For the audit, e.g. `uid:0 (root)`, or a SPIFFE ID. */
  readonly who: string;
  readonly role: AdminRole;
  /** What he is answered with lies in these; undefined: in any. */
  readonly namespaces: readonly string[] | undefined;
}

/**
 * The caller of a unix socket: root and the server's own user operate, members of `admin.group` read.
 *
 * @throws GatehouseError `caller_not_authorised`
 */
export function callerOfAccount(
  account: PeerAccount | undefined,
  { group }: AdminConfig,
  accounts: Accounts,
): AdminCaller {
  const uid = account?.uid;
  if (account !== undefined && uid !== undefined) {
    const name = accounts.userName(uid);
    const who = name === undefined ? `uid:${uid}` : `uid:${uid} (${name})`;
    if (uid === 0 || uid === process.geteuid?.()) return { who, role: 'operate', namespaces: undefined };
    const gid = group === undefined ? undefined : gidOf(group, accounts);
    if (gid !== undefined && account.gids.includes(gid)) return { who, role: 'read', namespaces: undefined };
  }
  const readers = group === undefined ? '' : `, and members of group ${group} may read`;
  throw new GatehouseError(
    'caller_not_authorised',
    `uid ${uid ?? 'unknown'} may not use the admin API; root and the server's own user may${readers}`,
    { uid },
  );
}

const gidOf = (group: string, accounts: Accounts): number | undefined =>
  /^\d+$/.test(group) ? Number(group) : accounts.gidOf(group);

/** The caller of a TLS connection, by his SVID: as `admin.clients` has him. @throws GatehouseError `caller_not_authorised` */
export function callerOfId(spiffeId: SpiffeId | undefined, { clients }: AdminConfig): AdminCaller {
  const client = clients.find(({ id }) => id === spiffeId);
  if (client !== undefined) return { who: client.id, role: client.role, namespaces: client.namespaces };
  throw new GatehouseError(
    'caller_not_authorised',
    spiffeId === undefined
      ? 'your certificate is no SVID of our trust domain, or it was revoked'
      : `${spiffeId} may not use the admin API; those in admin.clients may`,
    { spiffeId },
  );
}
