/**
 * A small file that others renew: read anew when it has changed, its last good content kept while it cannot be read.
 * @module
 */
import { readFileSync, statSync } from 'node:fs';

/** Reads a file whenever it is asked for and has changed since. */
export class FreshFile {
  readonly path: string;
  #stamp = '';
  #text = '';

  constructor(path: string) {
    this.path = path;
  }

  /**
   * The content without white space around it, looked at on disk.
   *
   * @throws Error of `node:fs` if it cannot be read and never could; Error if it never held anything
   */
  read(): string {
    try {
      // Through links: a projected volume swaps a link, and the file behind it is another one.
      const { ino, mtimeMs, size } = statSync(this.path);
      const stamp = `${ino}:${mtimeMs}:${size}`;
      if (stamp === this.#stamp) return this.#text;
      const text = readFileSync(this.path, 'utf8').trim();
      if (text === '') throw new Error(`${this.path} is empty`);
      this.#text = text;
      this.#stamp = stamp;
    } catch (thrown) {
      if (this.#text === '') throw thrown;
    }
    return this.#text;
  }
}
