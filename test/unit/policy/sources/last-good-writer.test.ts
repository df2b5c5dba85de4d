import assert from 'node:assert/strict';
import type { LastGoodStore } from '../../../../src/policy/sources/last-good-store.ts';
import { LastGoodWriter } from '../../../../src/policy/sources/last-good-writer.ts';

/** A store that tells what was done to it; content `bad` cannot be kept. */
function tellingStore(): { readonly store: LastGoodStore; readonly done: string[] } {
  const done: string[] = [];
  const store: LastGoodStore = {
    get: async () => undefined,
    async keep(file, text) {
      if (text === 'bad') throw new Error('full');
      done.push(`keep ${file} ${text}`);
    },
    drop: async (file) => void done.push(`drop ${file}`),
    retain: async (files) => void done.push(`retain ${[...files].join()}`),
  };
  return { store, done };
}

describe('LastGoodWriter', () => {
  const table: readonly { name: string; work: (writer: LastGoodWriter) => void; want: readonly string[] }[] = [
    {
      name: 'keeps of each file the newest alone',
      work(writer) {
        for (let i = 0; i < 1_000; i++) writer.keep('a', String(i));
        writer.keep('b', 'x');
      },
      want: ['keep a 999', 'keep b x'],
    },
    {
      name: 'drops what was to be kept, and keeps what was to be dropped',
      work(writer) {
        writer.keep('a', '1');
        writer.drop('a');
        writer.drop('b');
        writer.keep('b', '2');
      },
      want: ['drop a', 'keep b 2'],
    },
    {
      name: 'goes on after a failure',
      work(writer) {
        writer.keep('a', 'bad');
        writer.keep('b', '2');
        writer.retain(new Set(['b']));
      },
      want: ['retain b', 'failed: full', 'keep b 2'],
    },
  ];
  for (const { name, work, want } of table) {
    it(name, async () => {
      const { store, done } = tellingStore();
      const writer = new LastGoodWriter(store, (thrown) => done.push(`failed: ${(thrown as Error).message}`));
      work(writer);
      assert.deepEqual(done, [], 'nothing is written while policies come into force');
      await writer[Symbol.asyncDispose]();
      assert.deepEqual(done, want);
    });
  }
});
