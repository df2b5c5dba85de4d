import assert from 'node:assert/strict';
import { unmappedId } from '../../../../src/transport/listen/unmapped-id.ts';

const cases: readonly { name: string; map: string; want: number | undefined }[] = [
  { name: 'outside of all user namespaces', map: '         0          0 4294967295\n', want: undefined },
  { name: 'where two ranges hold everybody', map: '0 0 1000\n1000 1000 4294966295\n', want: undefined },
  { name: 'in a rootless container', map: '         0       1000          1\n', want: 65534 },
  {
    name: 'where the number itself is a user too',
    map: '         0     100000      65536\n',
    want: 65534,
  },
  { name: 'before anybody is mapped', map: '', want: 65534 },
];

describe('unmappedId', () => {
  for (const { name, map, want } of cases)
    it(`is ${want} ${name}`, () =>
      assert.equal(
        unmappedId('uid', (path) => ({ '/proc/self/uid_map': map, '/proc/sys/kernel/overflowuid': '65534\n' })[path]),
        want,
      ));

  it('is none where the kernel knows no user namespaces', () =>
    assert.equal(
      unmappedId('gid', () => undefined),
      undefined,
    ));
});
