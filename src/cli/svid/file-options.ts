/**
 * Who may read the files of an SVID, on the command line.
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { PemSvid } from './svid-pem.ts';

/** What the options of `fileOptions` and `--write` say. */
export interface FileFlags {
  readonly write?: string;
  /** Of the key, as permission bits. */
  readonly mode?: number;
  readonly group?: string;
}

/** A directory where an SVID is left. */
export interface SvidFiles {
  /** @throws GatehouseError `store_unusable` */
  write(svid: PemSvid): Promise<void>;
}

/** A key is for its owner, and for a group to read. */
const MOST_MODE = 0o640;

/** Mode and group of what `--write` leaves. */
export function fileOptions(): Option[] {
  return [
    new Option(
      '--mode <octal>',
      'mode of key.pem: 0400, 0440, 0600 or 0640 (default: 0600, with --group 0640)',
    ).argParser(modeOf),
    new Option('--group <group>', 'group of the files, and of the directory if it is made: a name or a number'),
  ];
}

function modeOf(text: string): number {
  const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : -1;
  if (mode >= 0 && (mode & ~MOST_MODE) === 0 && (mode & 0o400) !== 0) return mode;
  throw new InvalidArgumentError('a private key is for its owner and for one group to read: 0400, 0440, 0600 or 0640.');
}
