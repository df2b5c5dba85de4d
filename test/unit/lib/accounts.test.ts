import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { createAccounts } from '../../../src/lib/accounts.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('createAccounts', () => {
  it('reads names and numbers, the first line of a number first, and sees changes', async () => {
    await using dir = await tempDir();
    const files = { passwd: dir.at('passwd'), group: dir.at('group') };
    await writeFile(files.passwd, '# comment\nroot:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbad:x:-1:1::/:\nshort\n');
    await writeFile(files.group, 'staff:x:50:a,b\n');
    const accounts = createAccounts(files);
    assert.equal(accounts.userName(0), 'root');
    assert.equal(accounts.uidOf('toor'), 0);
    assert.equal(accounts.uidOf('bad'), undefined);
    assert.equal(accounts.groupName(50), 'staff');
    assert.equal(accounts.gidOf('wheel'), undefined);
    await writeFile(dir.at('new'), 'wheel:x:51:\n');
    await rename(dir.at('new'), files.group);
    assert.equal(accounts.gidOf('wheel'), 51);
    assert.equal(accounts.groupName(50), undefined);
  });

  it('takes a file that is not there for an empty one', () => {
    const accounts = createAccounts({ passwd: '/nonexistent/passwd', group: '/nonexistent/group' });
    assert.equal(accounts.userName(0), undefined);
  });
});
