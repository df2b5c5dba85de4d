/**
 * Reads files that another process may replace at any time: opened once, without blocking, looked at through what was
 * opened, and read up to a bound. A pipe, a device or a socket in place of a file is refused, and does not block.
 * @module
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Why a file was not read although it could be opened; `code` is the errno that says most. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused';
  readonly code: 'EFBIG' | 'ENXIO';

  constructor(code: FileRefused['code'], message: string) {
    super(message);
    this.code = code;
  }
}

// Opening a pipe for reading waits for a writer, and a terminal may become ours, unless told otherwise.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const CHUNK_BYTES = 64 * 1024;

/** Reads a regular file of at most `mostBytes`. @throws FileRefused; whatever `open` and `read` throw */
export function readRegularFileSync(path: string, mostBytes: number): Buffer {
  const fd = openSync(path, FLAGS);
  try {
    const stats = fstatSync(fd);
    checkStats(stats, path, mostBytes);
    const parts: Buffer[] = [];
    for (let total = 0; ; ) {
      const part = Buffer.allocUnsafe(chunkOf(stats.size - total));
      const length = readSync(fd, part, 0, part.length, null);
      if (length === 0) return joined(parts);
      total += length;
      checkSize(total, path, mostBytes);
      parts.push(part.subarray(0, length));
    }
  } finally {
    closeSync(fd);
  }
}

/** The same without blocking the event loop. @throws FileRefused; whatever `open` and `read` throw */
export async function readRegularFile(path: string, mostBytes: number): Promise<Buffer> {
  await using file = await open(path, FLAGS);
  const stats = await file.stat();
  checkStats(stats, path, mostBytes);
  const parts: Buffer[] = [];
  for (let total = 0; ; ) {
    const part = Buffer.allocUnsafe(chunkOf(stats.size - total));
    const { bytesRead } = await file.read(part, 0, part.length, null);
    if (bytesRead === 0) return joined(parts);
    total += bytesRead;
    checkSize(total, path, mostBytes);
    parts.push(part.subarray(0, bytesRead));
  }
}

/** A regular file that is read at any place. */
export interface RegularFile extends AsyncDisposable {
  readonly length: number;
  /** The bytes from `from` up to `to`, fewer where it ends before. */
  read(from: number, to: number): Promise<Buffer>;
}

/** Opens one, however long it is, to be read a piece at a time. @throws FileRefused; whatever `open` throws */
export async function openRegularFile(path: string): Promise<RegularFile> {
  const file = await open(path, FLAGS);
  try {
    const stats = await file.stat();
    checkStats(stats, path, Number.POSITIVE_INFINITY);
    return {
      length: stats.size,
      async read(from, to) {
        const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(to, stats.size) - from));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
        return bytes.subarray(0, bytesRead);
      },
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/** What is left, and one byte more to see the end; a file that grew, or that does not tell its size, comes in pieces. */
const chunkOf = (left: number): number => (left > 0 ? left + 1 : CHUNK_BYTES);

const joined = (parts: readonly Buffer[]): Buffer => (parts.length === 1 ? parts[0]! : Buffer.concat(parts));

function checkStats(stats: { isFile(): boolean; readonly size: number }, path: string, mostBytes: number): void {
  if (!stats.isFile()) throw new FileRefused('ENXIO', `${path} is no regular file`);
  checkSize(stats.size, path, mostBytes);
}

function checkSize(bytes: number, path: string, mostBytes: number): void {
  if (bytes > mostBytes) throw new FileRefused('EFBIG', `${path} is longer than ${mostBytes} bytes`);
}
