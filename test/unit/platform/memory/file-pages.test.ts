import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dropFilePages } from '../../../../src/platform/memory/file-pages.ts';

describe('dropFilePages', () => {
  it('takes most pages of Node out of the process, which goes on', () => {
    const fileMib = (): number =>
      Number(/^RssFile:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) / 1024;
    const before = fileMib();
    dropFilePages();
    const after = fileMib();
    assert.ok(after < before / 2, `${after} of ${before} MiB are left`);
  });
});
