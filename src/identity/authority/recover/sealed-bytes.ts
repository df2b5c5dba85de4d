/**
 * The bytes of a backup, read where they lie, a piece at a time: a file of ten million issuances is never in memory.
 * @module
 */

export interface SealedBytes {
  readonly length: number;
  /** The bytes from `from` up to `to`, fewer where it ends before. */
  read(from: number, to: number): Promise<Buffer>;
}

const PIECE_BYTES = 1024 * 1024;

/** The bytes from `from` up to `to`, in pieces. @throws Error where it has become shorter */
export async function* piecesOf(bytes: SealedBytes, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const piece = await bytes.read(at, Math.min(to, at + PIECE_BYTES));
    if (piece.length === 0) throw new Error('it has become shorter while it was read');
    at += piece.length;
    yield piece;
  }
}
