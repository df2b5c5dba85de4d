/**
 * What a user gave to be looked into: the texts of files, or of standard input, and what lies beside them.
 * @module
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { GatehouseError } from '../../../errors.ts';
import { FileRefused, readRegularFileSync } from '../../../lib/regular-file.ts';

/** A text and the name by which people know it. */
export interface NamedText {
  readonly file: string;
  readonly text: string;
}

/** A file that was found beside what was given and cannot be read. */
export interface Unreadable {
  readonly file: string;
  readonly problem: string;
}

/** All that there is to look into. */
export interface GivenSvid {
  readonly main: NamedText;
  readonly key?: NamedText | Unreadable;
  readonly bundle?: NamedText | Unreadable;
}

/** Where things are, on the command line. */
export interface Places {
  /** A file, a directory, or `-`. */
  readonly place: string;
  readonly key?: string;
  readonly bundle?: string;
}

const MOST_BYTES = 4 * 1024 * 1024;

/** Names that `svid fetch --write` and the other common agents give to the files of a directory. */
const SETS = [
  { svid: 'svid.pem', key: 'key.pem', bundle: 'bundle.pem' },
  { svid: 'svid.0.pem', key: 'svid.0.key', bundle: 'bundle.0.pem' },
  { svid: 'tls.crt', key: 'tls.key', bundle: 'ca.crt' },
] as const;

/**
 * Reads what was given, and of a directory or file what belongs to it there.
 *
 * @throws GatehouseError `not_found`, `message_invalid` for what was given and cannot be read; what was only found says so itself
 */
export function givenSvid({ place, key, bundle }: Places): GivenSvid {
  const directory = place !== '-' && isDirectory(place);
  const set = directory ? setIn(place) : SETS.find(({ svid }) => svid === basename(place));
  const file = directory && set !== undefined ? join(place, set.svid) : place;
  const beside = (name: string | undefined): NamedText | Unreadable | undefined => {
    const path = name === undefined || place === '-' ? undefined : join(dirname(file), name);
    return path !== undefined && existsSync(path) ? found(path) : undefined;
  };
  const main = place === '-' ? { file: 'standard input', text: standardInput() } : read(file);
  const itsKey = key === undefined ? beside(set?.key) : read(key);
  const itsBundle = bundle === undefined ? beside(set?.bundle ?? 'bundle.pem') : read(bundle);
  return {
    main,
    ...(itsKey !== undefined && { key: itsKey }),
    ...(itsBundle !== undefined && itsBundle.file !== main.file && { bundle: itsBundle }),
  };
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function setIn(directory: string): (typeof SETS)[number] {
  const set = SETS.find(({ svid }) => existsSync(join(directory, svid)));
  if (set !== undefined) return set;
  const names = SETS.map(({ svid }) => svid).join(', ');
  throw new GatehouseError('not_found', `${directory} has no ${names}: name the file of the SVID`, { directory });
}

function read(path: string): NamedText {
  try {
    return { file: path, text: readRegularFileSync(path, MOST_BYTES).toString('latin1') };
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function found(path: string): NamedText | Unreadable {
  try {
    return read(path);
  } catch (thrown) {
    if (!(thrown instanceof GatehouseError)) throw thrown;
    return { file: path, problem: thrown.message };
  }
}

function unreadable(path: string, thrown: unknown): GatehouseError {
  const { code, message } = thrown as NodeJS.ErrnoException; // whatever node:fs and our reader throw
  if (code === 'ENOENT')
    return new GatehouseError('not_found', `there is no ${path === '' ? 'file without a name' : path}`, { path });
  const why = thrown instanceof FileRefused && code === 'ENXIO' ? `${message}: give - and pipe it in` : message;
  return new GatehouseError('message_invalid', `cannot read ${path}: ${why}`, { path }, { cause: thrown });
}

function standardInput(): string {
  if (process.stdin.isTTY)
    throw new GatehouseError('message_invalid', 'nothing is piped in: name a file, or pipe the SVID into this');
  const bytes = readFileSync(0);
  if (bytes.length > MOST_BYTES) throw new GatehouseError('message_too_large', `more than ${MOST_BYTES} bytes came in`);
  return bytes.toString('latin1');
}
