import assert from 'node:assert/strict';
import { findRevocationTarget } from '../../../../../src/identity/authority/revoke/revocation-target.ts';
import type { LedgerRow, RevocationKind } from '../../../../../src/identity/authority/store/store.ts';
import { createEmptyStore } from '../../../../support/empty-store.ts';

const NOW = 1_000_000;
const idOf = (name: string, namespace = 'default'): string => `spiffe://cluster.local/ns/${namespace}/sa/${name}`;

function row(serial: string, spiffeId: string, change: Partial<LedgerRow> = {}): LedgerRow {
  return {
    serial,
    kind: 'x509',
    spiffeId,
    selectors: [],
    spkiSha256: serial.repeat(8),
    authorityId: 'aa',
    notBeforeAt: 0,
    notAfterAt: NOW + 1,
    issuedAt: 0,
    channel: 'sds',
    consumer: '',
    bundleSequence: 1,
    ...change,
  };
}

describe('findRevocationTarget', () => {
  const store = createEmptyStore();
  before(() =>
    store.appendLedger(
      [
        row('a1b2c3d4', idOf('reviews')),
        row('b1b2c3d5', idOf('reviews')),
        row('jti-1', idOf('reviews'), { kind: 'jwt', spkiSha256: '' }),
        row('c1c2c3c4', idOf('ratings', 'prod')),
        row('d1d2d3d4', idOf('gone'), { notAfterAt: NOW - 1 }),
      ],
      [],
    ),
  );

  interface Want {
    readonly isKnown: boolean;
    readonly nearest?: string;
    readonly live?: readonly [svids: number, tokens: number];
  }
  const table: readonly [name: string, kind: RevocationKind, value: string, want: Want][] = [
    ['what lives is counted, tokens apart', 'id', idOf('reviews'), { isKnown: true, live: [2, 1] }],
    ['a name of an entry is right before it has anything', 'id', idOf('details'), { isKnown: true }],
    ['what has expired is no typo', 'id', idOf('gone'), { isKnown: true }],
    ['a slip of the pen', 'id', idOf('reveiws'), { isKnown: false, nearest: idOf('reviews') }],
    ['a slip in a name that only an entry has', 'id', idOf('detials'), { isKnown: false, nearest: idOf('details') }],
    [
      'the same workload elsewhere',
      'id',
      idOf('ratings', 'staging'),
      { isKnown: false, nearest: idOf('ratings', 'prod') },
    ],
    ['nothing like it', 'id', idOf('something-else-altogether', 'zz'), { isKnown: false }],
    ['a serial', 'serial', 'a1b2c3d4', { isKnown: true, live: [1, 0] }],
    ['a serial that has expired', 'serial', 'd1d2d3d4', { isKnown: true }],
    ['a serial with a slip', 'serial', 'a1b2c3d5', { isKnown: false, nearest: 'a1b2c3d4' }],
    ['a token is no certificate', 'serial', 'jti-1', { isKnown: false }],
    ['a key', 'spki', 'b1b2c3d5'.repeat(8), { isKnown: true, live: [1, 0] }],
    ['a key that has expired may come again', 'spki', 'd1d2d3d4'.repeat(8), { isKnown: true }],
    ['a key with a slip', 'spki', `${'b1b2c3d5'.repeat(7)}b1b2c3d6`, { isKnown: false, nearest: 'b1b2c3d5'.repeat(8) }],
  ];
  for (const [name, kind, value, { isKnown, nearest, live = [0, 0] }] of table) {
    it(name, async () => {
      const found = await findRevocationTarget({ kind, value }, store, kind === 'id' ? [idOf('details')] : [], NOW);
      const [liveSvids, liveTokens] = live;
      assert.deepEqual(found, { kind, value, isKnown, nearest, liveSvids, liveTokens });
    });
  }
});
