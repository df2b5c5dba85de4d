/**
 * Reads the lines of logs: files as they are or gzipped, and standard input; never more than a piece of one at a time.
 * @module
 */
import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GatehouseError } from '../../../errors.ts';

/** A line that is longer is none of ours. */
const LONGEST_BYTES = 256 * 1024;
const LINE_FEED = 10;

/** Lines of one piece of a log. `isCut`: a gzip stream ended before its end. */
export interface LogPiece {
  readonly lines: readonly string[];
  /** Bytes of the file that were read for it. */
  readonly bytes: number;
  readonly isCut?: true;
}

/** The size of a file; undefined where nobody knows. @throws GatehouseError `not_found` */
export function sizeOfLog(name: string): number | undefined {
  if (name === '-') return undefined;
  try {
    const { size, isDirectory } = { size: statSync(name).size, isDirectory: statSync(name).isDirectory() };
    if (isDirectory)
      throw new GatehouseError('not_found', `${name} is a directory: name the files of the log`, { path: name });
    return size;
  } catch (thrown) {
    if (thrown instanceof GatehouseError) throw thrown;
    const { code } = thrown as NodeJS.ErrnoException; // statSync throws nothing else
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new GatehouseError('not_found', `${name} ${why}`, { path: name });
  }
}

/** Reads the lines of a file, or of standard input for `-`. @throws GatehouseError `not_found` */
export async function* linesOfLog(name: string): AsyncGenerator<LogPiece> {
  const raw = name === '-' ? process.stdin : createReadStream(name, { highWaterMark: 256 * 1024 });
  let bytes = 0;
  const splitter = createSplitter();
  const chunks = raw.iterator() as AsyncIterator<Buffer>; // no encoding is set
  const first = await read(name, chunks);
  if (first === undefined) return;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for (let chunk: Buffer | undefined = first; chunk !== undefined; chunk = await read(name, chunks)) {
      bytes += chunk.length;
      yield chunk;
    }
  };
  const isGzip = first[0] === 0x1f && first[1] === 0x8b;
  let isCut = false;
  try {
    for await (const chunk of isGzip ? unzipped(counted()) : counted()) {
      const read = bytes;
      bytes = 0;
      yield { lines: splitter.push(chunk), bytes: read };
    }
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException; // of zlib, or what `read` throws
    if (code?.startsWith('Z_') !== true) throw thrown;
    isCut = true;
  }
  yield { lines: splitter.end(), bytes, ...(isCut && { isCut: true }) };
}

async function read(name: string, chunks: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
  try {
    const { done, value } = await chunks.next();
    return done === true ? undefined : value;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException; // streams of files throw nothing else
    throw new GatehouseError('not_found', `${name} cannot be read (${code})`, { path: name });
  }
}

/** Also where a disk gave out before the end of the stream: what came before counts. */
function unzipped(chunks: AsyncGenerator<Buffer>): AsyncIterable<Buffer> {
  const from = Readable.from(chunks);
  const gunzip = createGunzip();
  from.on('error', (error) => gunzip.destroy(error));
  return from.pipe(gunzip);
}

/** Cuts chunks into lines. What is longer than a line of ours can be is dropped but for its beginning. */
function createSplitter() {
  let rest: Buffer[] = [];
  let size = 0;
  const keep = (piece: Buffer): void => {
    const room = LONGEST_BYTES - size;
    if (room > 0 && piece.length > 0) rest.push(Buffer.from(piece.subarray(0, room)));
    size += piece.length;
  };
  const take = (): string => {
    const line = Buffer.concat(rest).toString('utf8');
    rest = [];
    size = 0;
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  };
  return {
    push(chunk: Buffer): string[] {
      const lines: string[] = [];
      let begin = 0;
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, begin)) {
        keep(chunk.subarray(begin, end));
        lines.push(take());
        begin = end + 1;
      }
      keep(chunk.subarray(begin));
      return lines;
    },
    end: (): string[] => (size === 0 ? [] : [take()]),
  };
}
