/**
 * Splits a stream of bytes into lines of JSON.
 * @module
 */

/** An object of the API is at most a few megabytes; a longer line is no event. */
const MOST_LINE_BYTES = 64 * 1024 * 1024;

/**
 * Parses each line of a stream. Lines are found as bytes, so that no character is cut where the chunks were.
 *
 * @throws SyntaxError for a line that is no JSON; Error for one that does not end
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let open: Buffer[] = [];
  let openBytes = 0;
  for await (const each of chunks) {
    const chunk = Buffer.from(each.buffer, each.byteOffset, each.byteLength);
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const rest = chunk.subarray(start, end);
      const line = open.length === 0 ? rest.toString('utf8') : Buffer.concat([...open, rest]).toString('utf8');
      open = [];
      openBytes = 0;
      start = end + 1;
      if (line.trim() !== '') yield JSON.parse(line);
    }
    if (start === chunk.length) continue;
    open.push(chunk.subarray(start));
    openBytes += chunk.length - start;
    if (openBytes > MOST_LINE_BYTES) throw new Error(`a line is longer than ${MOST_LINE_BYTES} bytes`);
  }
  // What is left was cut off in the middle: the stream has ended, and whoever reads begins again from the last version.
}
