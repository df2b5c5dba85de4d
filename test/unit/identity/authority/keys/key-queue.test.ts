import assert from 'node:assert/strict';
import { createKeyQueue } from '../../../../../src/identity/authority/keys/key-queue.ts';
import { generateKeyDer, type KeyType } from '../../../../../src/identity/pki/key-type.ts';
import { openTestAuthority, requestOf } from '../../../../support/authority.ts';

const codeOf = (thrown: unknown): unknown => (thrown as { code?: unknown }).code;

/** Real keys, counted. */
function queueOf(atOnce: number) {
  const counts = { made: 0, running: 0, most: 0 };
  const generate = async (keyType: KeyType) => {
    counts.made += 1;
    counts.running += 1;
    counts.most = Math.max(counts.most, counts.running);
    try {
      return await generateKeyDer(keyType);
    } finally {
      counts.running -= 1;
    }
  };
  return { counts, queue: createKeyQueue({ generate, atOnce }) };
}

describe('createKeyQueue', function () {
  this.timeout(300_000);

  it('makes no key for who has gone before his turn', async () => {
    const { counts, queue } = queueOf(1);
    const callers = Array.from({ length: 20 }, () => new AbortController());
    const keys = callers.map(({ signal }, index) => queue.make('rsa-2048', `id ${index}`, signal).catch(codeOf));
    for (const each of callers.slice(3)) each.abort();
    const outcomes = await Promise.all(keys);
    assert.equal(counts.made, 3);
    assert.deepEqual(outcomes.slice(3), Array(17).fill('cancelled'));
    assert.ok(outcomes.slice(0, 3).every((each) => typeof each === 'object'));
    assert.equal(await queue.make('rsa-2048', 'id', AbortSignal.abort()).catch(codeOf), 'cancelled');
  });

  it('makes a few at once, and takes identities in turn: one with many does not hold up the others', async () => {
    const { counts, queue } = queueOf(2);
    const order: string[] = [];
    const make = (who: string) => queue.make('rsa-2048', who).then(() => order.push(who));
    await Promise.all([...Array.from({ length: 8 }, () => make('many')), make('one'), make('other')]);
    assert.equal(counts.most, 2);
    const last = Math.max(order.indexOf('one'), order.indexOf('other'));
    assert.ok(last < 7, order.join());
    assert.equal(order.length, 10);
  });

  it('lets keys on a curve pass', async () => {
    const { queue } = queueOf(1);
    let isDone = false;
    const slow = queue.make('rsa-2048', 'a').then(() => {
      isDone = true;
    });
    await queue.make('ec-p256', 'b');
    assert.equal(isDone, false);
    await slow;
  });

  it('goes on after a key that could not be made', async () => {
    const queue = createKeyQueue({
      generate: (keyType) => (keyType === 'rsa-2048' ? Promise.reject(new Error('no')) : generateKeyDer(keyType)),
      atOnce: 1,
    });
    for (let count = 0; count < 3; count += 1) await assert.rejects(queue.make('rsa-2048', 'a'), /no/);
  });
});

describe('an SVID whose caller has gone', () => {
  it('is not signed, and does not stand in the ledger', async () => {
    const { authority, content } = await openTestAuthority();
    const signed = authority.issueX509({ ...requestOf('a'), keyType: 'rsa-2048' });
    const giveUp = new AbortController();
    const left = authority.issueX509({ ...requestOf('a'), keyType: 'rsa-2048', signal: giveUp.signal });
    giveUp.abort();
    assert.equal(await left.catch(codeOf), 'cancelled');
    await signed;
    assert.equal(content.ledger.size, 1);
  });
});
