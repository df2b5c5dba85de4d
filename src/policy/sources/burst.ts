/**
 * What one burst of changes leaves behind: files that were moved into their place whole, or files of which more may come.
 *
 * A writer that writes beside the file and renames leaves nothing to wait for. Everything else might be half of something: a file that was written in
 * place, one that was removed and is perhaps about to be written anew, a link, a directory.
 * @module
 */

/** The directory entry of a name when its change is reported. */
export type EntryState = 'file' | 'empty' | 'gone' | 'other';

/** The events of one burst, until it is told. */
export class Burst {
  /** Names of which more may come. */
  readonly #open = new Set<string>();
  /** Names that were not seen before this burst. */
  readonly #born = new Set<string>();
  readonly #seen = new Set<string>();
  #moved = false;

  /** Takes one event of `fs.watch`: `rename` when a name came or went, `change` when a file was written. */
  note(event: 'rename' | 'change', name: string, state: EntryState): void {
    if (event === 'rename' && !this.#seen.has(name)) this.#born.add(name);
    this.#seen.add(name);
    const wasWritten = this.#open.has(name);
    this.#open.add(name);
    if (event === 'change') return;
    if (state === 'file') this.#moved = true;
    const wasTemporary = state === 'gone' && wasWritten && this.#born.has(name);
    if (state === 'file' || wasTemporary) this.#open.delete(name);
  }

  /** Files were moved into place, and nothing else happened. */
  get isWhole(): boolean {
    return this.#moved && this.#open.size === 0;
  }
}
