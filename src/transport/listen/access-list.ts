/**
 * Access lists of files (`man 5 acl`): another user may use what is ours, without a capability.
 * @module
 */
import koffi from 'koffi';

/** Permission bits from 0 to 7. */
export interface AccessList {
  readonly owner: number;
  readonly user: { readonly uid: number; readonly bits: number } | undefined;
  readonly group: number;
  readonly namedGroup: { readonly gid: number; readonly bits: number } | undefined;
  readonly other: number;
}

/** `linux/posix_acl_xattr.h` */
const VERSION = 2;
const tag = { owner: 0x01, user: 0x02, group: 0x04, namedGroup: 0x08, mask: 0x10, other: 0x20 } as const;
const NOBODY = 0xffff_ffff;

/** The value of `system.posix_acl_access`: entries in the order of their tags. */
function accessListBytes({ owner, user, group, namedGroup, other }: AccessList): Buffer {
  const mask = group | (user?.bits ?? 0) | (namedGroup?.bits ?? 0);
  const entries: readonly (readonly [tag: number, bits: number, id: number])[] = [
    [tag.owner, owner, NOBODY],
    ...(user === undefined ? [] : [[tag.user, user.bits, user.uid] as const]),
    [tag.group, group, NOBODY],
    ...(namedGroup === undefined ? [] : [[tag.namedGroup, namedGroup.bits, namedGroup.gid] as const]),
    [tag.mask, mask, NOBODY],
    [tag.other, other, NOBODY],
  ];
  const bytes = Buffer.alloc(4 + entries.length * 8);
  bytes.writeUInt32LE(VERSION);
  for (const [i, [kind, bits, id]] of entries.entries()) {
    bytes.writeUInt16LE(kind, 4 + i * 8);
    bytes.writeUInt16LE(bits, 6 + i * 8);
    bytes.writeUInt32LE(id, 8 + i * 8);
  }
  return bytes;
}

let lsetxattr: ((path: string, name: string, value: Buffer, size: number, flags: number) => number) | undefined;

/** Puts the list on a file of ours (`man 5 acl`). False: the file system has none, or does not permit it. */
export function setAccessList(path: string, list: AccessList): boolean {
  lsetxattr ??= koffi.load(null).func('int lsetxattr(const char *, const char *, const void *, size_t, int)');
  const bytes = accessListBytes(list);
  return lsetxattr(path, 'system.posix_acl_access', bytes, bytes.length, 0) === 0;
}
