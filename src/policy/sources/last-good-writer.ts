/**
 * Writes what is in force to the store after it has come into force, and of each file only the newest: whoever waits for a policy does not wait
 * for a disk.
 * @module
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { LastGoodStore } from './last-good-store.ts';

/** Writes in turns of the event loop; disposing it writes the rest. */
export class LastGoodWriter implements AsyncDisposable {
  readonly #store: LastGoodStore;
  readonly #onError: (thrown: unknown) => void;
  /** By file; undefined: its content is to be dropped. */
  readonly #waiting = new Map<string, string | undefined>();
  #retained: ReadonlySet<string> | undefined;
  #writing: Promise<void> | undefined;

  constructor(store: LastGoodStore, onError: (thrown: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  keep(file: string, text: string): void {
    this.#waiting.set(file, text);
    this.#start();
  }

  drop(file: string): void {
    this.#waiting.set(file, undefined);
    this.#start();
  }

  /** Forgets every file but these. */
  retain(files: ReadonlySet<string>): void {
    this.#retained = files;
    this.#start();
  }

  #start(): void {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(): Promise<void> {
    for (;;) {
      await turn();
      const step = this.#next();
      if (step === undefined) return;
      await step().catch(this.#onError);
    }
  }

  #next(): (() => Promise<void>) | undefined {
    const retained = this.#retained;
    this.#retained = undefined;
    if (retained !== undefined) return () => this.#store.retain(retained);
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const [file, text] = first;
    this.#waiting.delete(file);
    return () => (text === undefined ? this.#store.drop(file) : this.#store.keep(file, text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }
}
