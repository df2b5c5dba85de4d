import assert from 'node:assert/strict';
import { notEntitled } from '../../../../src/identity/delivery/attested-stream.ts';
import { NO_ID } from '../../../../src/lib/accounts.ts';

const cases: readonly { name: string; pid: number; uid: number; want: RegExp }[] = [
  { name: 'of whom all is known', pid: 1, uid: 1000, want: /selectors unix:gid:7 \(trace 0a\)$/ },
  { name: 'whose process is not seen', pid: 0, uid: 1000, want: /; your process cannot be seen .*\(trace 0a\)$/ },
  {
    name: 'whose user cannot be told',
    pid: 1,
    uid: NO_ID,
    want: /; your user is none of the user namespace .* \(trace 0a\)$/,
  },
];

describe('notEntitled', () => {
  for (const { name, pid, uid, want } of cases)
    it(`tells a caller ${name} why`, () => {
      const caller = { traceId: '0a', selectors: ['unix:gid:7'], pid, uid, alive: () => true };
      assert.match(String(notEntitled(caller).details['peerText']), want);
    });
});
