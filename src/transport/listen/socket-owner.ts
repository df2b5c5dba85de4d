/**
 * Whose a socket is: owner, group and mode as the configuration has them.
 * @module
 */
import { chmodSync, lchownSync } from 'node:fs';
import { GatehouseError } from '../../errors.ts';
import { createAccounts } from '../../lib/accounts.ts';
import { setAccessList } from './access-list.ts';
import type { UnixAddress } from './listen-address.ts';

interface Owner {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** The numbers of the names. @throws GatehouseError `config_invalid` for a name that this machine does not know */
export function ownerOf({ path, owner, group }: UnixAddress): Owner {
  const accounts = createAccounts();
  const number = (name: string | undefined, find: (name: string) => number | undefined, what: string) => {
    if (name === undefined || name === '') return undefined;
    if (/^\d+$/.test(name)) return Number(name);
    const found = find(name);
    if (found !== undefined) return found;
    throw new GatehouseError(
      'config_invalid',
      `${what} ${JSON.stringify(name)} of the socket ${path} is not known on this machine: create it, or give its number`,
      { path, [what]: name },
    );
  };
  return { uid: number(owner, accounts.uidOf, 'owner'), gid: number(group, accounts.gidOf, 'group') };
}

/**
 * Gives a socket to its owner and group, with its mode. Who may not give files away (without CAP_CHOWN) lets them in by an access
 * list instead, with the same bits.
 *
 * @param path  in a directory that nobody else may enter
 * @throws GatehouseError `config_invalid` where neither is possible; or what node:fs throws
 */
export function give(path: string, { uid, gid }: Owner, address: UnixAddress): void {
  const { mode } = address;
  const gaveUser = tryChown(path, uid ?? -1, gid ?? -1);
  const gaveGroup = gaveUser || tryChown(path, -1, gid ?? -1);
  chmodSync(path, mode);
  if (gaveUser || (gaveGroup && uid === undefined)) return;
  const [ownerBits, groupBits, other] = [(mode >> 6) & 7, (mode >> 3) & 7, mode & 7];
  const done = setAccessList(path, {
    owner: ownerBits,
    user: uid === undefined ? undefined : { uid, bits: ownerBits },
    group: gaveGroup ? groupBits : 0,
    namedGroup: gaveGroup || gid === undefined ? undefined : { gid, bits: groupBits },
    other,
  });
  if (done) return;
  throw new GatehouseError(
    'config_invalid',
    `the socket ${address.path} cannot be given to another user: we have no CAP_CHOWN, and its file system has no access lists; put it on a tmpfs such as /run, or grant the capability`,
    { path: address.path },
  );
}

function tryChown(path: string, uid: number, gid: number): boolean {
  if (uid === -1 && gid === -1) return true;
  try {
    lchownSync(path, uid, gid);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EPERM') return false; // node:fs errors carry one
    throw thrown;
  }
}
