/**
 * User and group names of this machine, from its passwd and group files.
 *
 * Names that only a network directory knows (LDAP, SSSD) are not seen: a lookup there could block or lie.
 * @module
 */
import { readFileSync, statSync } from 'node:fs';

/** What no user and no group can have, `(uid_t) -1`: it stands for one that cannot be told. */
export const NO_ID = 0xffff_ffff;

/** Names and numbers of users and groups; undefined where there is none. */
export interface Accounts {
  userName(uid: number): string | undefined;
  groupName(gid: number): string | undefined;
  uidOf(userName: string): number | undefined;
  gidOf(groupName: string): number | undefined;
}

interface Table {
  readonly version: string;
  readonly names: ReadonlyMap<number, string>;
  readonly numbers: ReadonlyMap<string, number>;
}

const NO_TABLE: Table = { version: '', names: new Map(), numbers: new Map() };

/** Creates the lookup; a file is read again when it has changed. A file that cannot be read is an empty one. */
export function createAccounts(files = { passwd: '/etc/passwd', group: '/etc/group' }): Accounts {
  const users = createTable(files.passwd);
  const groups = createTable(files.group);
  return {
    userName: (uid) => users().names.get(uid),
    groupName: (gid) => groups().names.get(gid),
    uidOf: (name) => users().numbers.get(name),
    gidOf: (name) => groups().numbers.get(name),
  };
}

function createTable(file: string): () => Table {
  let table = NO_TABLE;
  return () => {
    const version = versionOf(file);
    if (version !== table.version) table = version === '' ? NO_TABLE : readTable(file, version);
    return table;
  };
}

function versionOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.dev}:${found.ino}:${found.size}:${found.mtimeMs}`;
}

/** Both files have the number in their third field; of two lines with one number the first counts, as in libc. */
function readTable(file: string, version: string): Table {
  const names = new Map<number, string>();
  const numbers = new Map<string, number>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [name, , digits] = line.split(':');
    if (!name || digits === undefined || !/^\d+$/.test(digits)) continue;
    const number = Number(digits);
    if (!names.has(number)) names.set(number, name);
    if (!numbers.has(name)) numbers.set(name, number);
  }
  return { version, names, numbers };
}
