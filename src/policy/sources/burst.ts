/**
 * What one burst of changes leaves behind: files that were moved into their place whole, or files of which more may come.
 *
 * Who writes beside the file and renames leaves nothing to wait for. Everything else might be half of something: a file that was written in
 * place, one that was removed and is perhaps about to be written anew, a link, a directory.
 * @module
 */

/** What stands under a name when its change is told. */
export type Standing = 'file' | 'empty' | 'gone' | 'other';

export class Burst {
  /** Names of which more may come. */
  readonly #open = new Set<string>();
  /** Names that nobody knew before this burst, as far as it tells. */
  readonly #born = new Set<string>();
  readonly #seen = new Set<string>();
  #moved = false;

  /** Takes one event of `fs.watch`: `rename` when a name came or went, `change` when a file was written. */
  note(event: 'rename' | 'change', name: string, standing: Standing): void {
    if (event === 'rename' && !this.#seen.has(name)) this.#born.add(name);
    this.#seen.add(name);
    const wasWritten = this.#open.has(name);
    this.#open.add(name);
    if (event === 'change') return;
    if (standing === 'file') this.#moved = true;
    const wasTemporary = standing === 'gone' && wasWritten && this.#born.has(name);
    if (standing === 'file' || wasTemporary) this.#open.delete(name);
  }

  /** Files were moved into place, and nothing else happened. */
  get isWhole(): boolean {
    return this.#moved && this.#open.size === 0;
  }
}
