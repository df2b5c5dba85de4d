import assert from 'node:assert/strict';
import fc from 'fast-check';
import { lastGoodIn, type StoredTexts } from '../../../../src/policy/sources/last-good-store.ts';

/** Texts as a database keeps them: what is no UTF-8 gets lost. Tells how many characters were written. */
function database() {
  const texts = new Map<string, string>();
  const told = { written: 0 };
  const stored: StoredTexts = {
    get: (name) => texts.get(name),
    set(name, content) {
      told.written += content.length;
      texts.set(name, Buffer.from(content).toString());
    },
    remove: (name) => void texts.delete(name),
    names: () => [...texts.keys()],
  };
  return { texts, told, stored };
}

const documents = (count: number, edited = -1, more = ''): string =>
  Array.from({ length: count }, (_, i) => `kind: A\nname: ${i}${i === edited ? more : ''}\n`).join('---\n');

describe('lastGoodIn', () => {
  it('writes of a large file that was edited what has changed', async () => {
    const { told, stored } = database();
    const store = lastGoodIn(stored);
    await store.keep('a', documents(10_000));
    told.written = 0;
    for (const edit of ['x', 'xy', '', 'é']) {
      await store.keep('a', documents(10_000, 5_000, edit));
      assert.equal(await lastGoodIn(stored).get('a'), documents(10_000, 5_000, edit));
    }
    assert.ok(told.written < 2_000, `${told.written} characters`);
  });

  it('writes nothing where what it has is the same, after a restart too', async () => {
    const { told, stored } = database();
    await lastGoodIn(stored).keep('a', documents(10_000));
    const store = lastGoodIn(stored);
    await store.keep('a', documents(10_000, 7, 'x'));
    told.written = 0;
    await store.keep('a', documents(10_000, 7, 'x'));
    await lastGoodIn(stored).keep('a', documents(10_000, 7, 'x'));
    assert.equal(told.written, 0);
  });

  it('writes a large file whole again where most of it has changed', async () => {
    const { texts, stored } = database();
    const store = lastGoodIn(stored);
    await store.keep('a', documents(10_000));
    await store.keep('a', documents(10_000, 0, 'x'));
    await store.keep('a', `${documents(10_000, 0, 'xy')}# end`);
    assert.equal(texts.get('policy a'), `${documents(10_000, 0, 'xy')}# end`);
    assert.deepEqual([...texts.keys()], ['policy a']);
  });

  it('gives the whole text where an end came between it and the edit before', async () => {
    const { texts, stored } = database();
    const store = lastGoodIn(stored);
    await store.keep('a', documents(10_000));
    await store.keep('a', documents(10_000, 5_000, 'x'));
    texts.set('policy a', documents(9_000)); // the edit is not removed yet
    assert.equal(await lastGoodIn(stored).get('a'), documents(9_000));
  });

  it('gives nothing where an edit cannot be read: what was in force is not known', async () => {
    const { texts, stored } = database();
    const store = lastGoodIn(stored);
    await store.keep('a', documents(10_000));
    await store.keep('a', documents(10_000, 5_000, 'x'));
    const [name] = [...texts.keys()].filter((each) => each !== 'policy a');
    texts.set(name!, '{');
    assert.equal(await lastGoodIn(stored).get('a'), undefined);
  });

  it('takes no edit of a file that was dropped for one of its next content', async () => {
    const { texts, stored } = database();
    const store = lastGoodIn(stored);
    await store.keep('a', documents(10_000));
    await store.keep('a', documents(10_000, 5_000, 'x'));
    texts.delete('policy a'); // the edit is not removed yet
    await lastGoodIn({
      ...stored,
      set: (name, content) => texts.set(name, content),
      remove: (name) => void texts.delete(name),
    }).keep('a', documents(10_000));
    assert.equal(await lastGoodIn(stored).get('a'), documents(10_000));
  });

  it('forgets the edits of a file with it, and touches nothing of others', async () => {
    const { texts, stored } = database();
    texts.set('other', 'x');
    const store = lastGoodIn(stored);
    for (const file of ['a', 'b']) {
      await store.keep(file, documents(10_000));
      await store.keep(file, documents(10_000, 5_000, 'x'));
    }
    await store.drop('a');
    await store.retain(new Set());
    assert.deepEqual([...texts], [['other', 'x']]);
    await store.keep('a', documents(10_000, 5_000, 'xy'));
    assert.equal(await store.get('a'), documents(10_000, 5_000, 'xy'));
  });

  it('gives what was kept last, whatever was kept before', async () => {
    const part = fc.oneof(fc.constantFrom('', '😀', '\ud83d\ude01', 'é'), fc.string({ maxLength: 3 }));
    const whole = documents(8_000);
    const splice = fc.tuple(fc.nat(whole.length), fc.nat(20), part, fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(splice, { maxLength: 6 }), async (splices) => {
        const { stored } = database();
        let [store, text] = [lastGoodIn(stored), whole];
        await store.keep('a', text);
        for (const [at, cut, put, isRestart] of splices) {
          text = Buffer.from(text.slice(0, at) + put + text.slice(at + cut)).toString();
          if (isRestart) store = lastGoodIn(stored);
          await store.keep('a', text);
          assert.equal((await lastGoodIn(stored).get('a')) === text, true);
          assert.equal((await store.get('a')) === text, true);
        }
      }),
      { numRuns: 200 },
    );
  });
});
