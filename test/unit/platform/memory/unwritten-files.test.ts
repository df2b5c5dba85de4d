import assert from 'node:assert/strict';
import { unwrittenFiles } from '../../../../src/platform/memory/unwritten-files.ts';

const mapping = (line: string, anonymousKb = 0, dirtyKb = 0): string =>
  `${line}\nSize: 8 kB\nRss: 8 kB\nPrivate_Dirty: ${String(dirtyKb).padStart(9)} kB\nReferenced: 8 kB\nAnonymous: ${String(anonymousKb).padStart(9)} kB\nVmFlags: rd mr mw me\n`;

const cases = [
  { name: 'code', line: '00400000-00402000 r-xp 00000000 fe:00 5687722    /opt/bin/node', taken: true },
  { name: 'constants', line: '00400000-00402000 r--p 00000000 fe:00 5687722    /opt/bin/node', taken: true },
  {
    name: 'a name with spaces',
    line: '00400000-00402000 r-xp 00000000 fe:00 5687722    /opt/my bin/node',
    taken: true,
  },
  {
    name: 'what the loader has written',
    line: '00400000-00402000 r--p 0 fe:00 56 /opt/node',
    anonymousKb: 4,
    taken: false,
  },
  {
    name: 'what is not yet written back',
    line: '00400000-00402000 r--p 0 fe:00 56 /opt/node',
    dirtyKb: 4,
    taken: false,
  },
  { name: 'variables', line: '00400000-00402000 rw-p 00000000 fe:00 5687722    /opt/bin/node', taken: false },
  { name: 'a file shared with others', line: '00400000-00402000 r--s 00000000 fe:00 5687722    /opt/a', taken: false },
  { name: 'memory without a file', line: '00400000-00402000 r-xp 00000000 00:00 0 ', taken: false },
  { name: 'code of the kernel', line: '00400000-00402000 r-xp 00000000 00:00 0    [vdso]', taken: false },
];

describe('unwrittenFiles', () => {
  for (const { name, line, taken, anonymousKb, dirtyKb } of cases)
    it(`${taken ? 'takes' : 'leaves'} ${name}`, () => {
      const heap = mapping('7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ', 4, 4);
      const found = unwrittenFiles(`${heap}${mapping(line, anonymousKb, dirtyKb)}${heap}`);
      assert.deepEqual(found, taken ? [{ from: 0x400000n, length: 0x2000n }] : []);
    });
});
