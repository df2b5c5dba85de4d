import assert from 'node:assert/strict';
import { createSharedAnswers } from '../../../../src/identity/delivery/shared-answers.ts';

describe('createSharedAnswers', () => {
  it('gives the same answer to who asks for the same, and makes another when anything differs', () => {
    const answers = createSharedAnswers();
    let made = 0;
    const of = (key: readonly unknown[], last?: ReturnType<typeof answers.of>) =>
      answers.of('x509', key, last, () => {
        made += 1;
        return Uint8Array.of(made);
      });
    const crls: unknown[] = [];
    const first = of([crls, 1, 'a']);
    assert.equal(of([crls, 1, 'a']), first);
    assert.notEqual(of([crls, 1, 'a', 'b']), first);
    assert.notEqual(of([[], 1, 'a']), first, 'another list, if an equal one');
    assert.equal(of([crls, 1, 'a'], first), first, 'what a stream has sent it knows, whatever others were told since');
    assert.equal(made, 3);
  });

  it('keeps kinds apart', () => {
    const answers = createSharedAnswers();
    const bytes = (kind: 'x509' | 'jwt-bundles') => answers.of(kind, [1], undefined, () => Buffer.from(kind)).bytes;
    assert.deepEqual(
      [String(bytes('x509')), String(bytes('jwt-bundles')), String(bytes('x509'))],
      ['x509', 'jwt-bundles', 'x509'],
    );
  });
});
