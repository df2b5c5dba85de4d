/**
 * A stream as one buffer, up to a size.
 * @module
 */

/**
 * Reads a stream to its end.
 *
 * @param stream  of buffers: no encoding is set
 * @returns undefined where it has more than `most` bytes: nothing after them is read
 */
export async function readAtMost(stream: AsyncIterable<unknown>, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
