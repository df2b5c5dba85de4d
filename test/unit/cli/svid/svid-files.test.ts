import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { svidFilesOf } from '../../../../src/cli/svid/svid-files.ts';
import { commandLine } from '../../../support/command-line.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const svid = {
  ...{ spiffeId: 'spiffe://a.b/c', hint: '', expiresAt: '', chainPem: 'chain' },
  ...{ keyPem: 'key', bundlePem: 'bundle' },
};
const names = ['bundle.pem', 'key.pem', 'svid.pem'];
const ownGid = process.getegid?.() ?? -1;
/** Root may give files to any group; others to their own. */
const gid = process.geteuid?.() === 0 ? 4_242 : ownGid;

describe('svidFilesOf', () => {
  const rows = [
    { name: 'usually', flags: {}, key: 0o600, directory: 0o700, group: ownGid },
    { name: 'with a mode', flags: { mode: 0o400 }, key: 0o400, directory: 0o700, group: ownGid },
    { name: 'with a group', flags: { group: String(gid) }, key: 0o640, directory: 0o750, group: gid },
    { name: 'with both', flags: { group: String(gid), mode: 0o440 }, key: 0o440, directory: 0o750, group: gid },
  ];
  for (const { name, flags, key, directory, group } of rows)
    it(`leaves three files, whose group and mode are right, and again: ${name}`, async () => {
      await using dir = await tempDir();
      const write = dir.at('some/svid');
      const files = await svidFilesOf({ write, ...flags });
      assert.deepEqual(readdirSync(write), [], 'a trial leaves nothing');
      for (let i = 0; i < 2; i++) await files?.write(svid);
      assert.deepEqual(readdirSync(write).sort(), names);
      assert.equal(statSync(write).mode & 0o777, directory);
      for (const each of names) {
        const { mode, gid: has } = statSync(`${write}/${each}`);
        assert.deepEqual([each, mode & 0o777, has], [each, each === 'key.pem' ? key : 0o644, group]);
      }
    });

  it('leaves a directory that is there as it is', async () => {
    await using dir = await tempDir();
    mkdirSync(dir.at('svid'), { mode: 0o711 });
    await (await svidFilesOf({ write: dir.at('svid'), group: String(gid) }))?.write(svid);
    assert.equal(statSync(dir.at('svid')).mode & 0o777, 0o711);
  });

  it('refuses, before anything is issued, what cannot be written and what is not known', async () => {
    await assert.rejects(svidFilesOf({ write: '/dev/null/x' }), { code: 'store_unusable' });
    await assert.rejects(svidFilesOf({ write: '/tmp', group: 'no-such-group' }), { code: 'config_invalid' });
    await assert.rejects(svidFilesOf({ group: 'root' }), { code: 'config_invalid', message: /--write/ });
    assert.equal(await svidFilesOf({}), undefined);
  });
});

describe('--mode of svid fetch and svid watch', () => {
  for (const mode of ['0644', '0660', '0700', '640 ', '8', '0040', 'u=rw', '10600'])
    it(`refuses ${JSON.stringify(mode)}: a key is for its owner, and for a group to read`, async () => {
      for (const verb of ['fetch', 'watch']) {
        const { code, err } = await commandLine('svid', verb, '--write', '/tmp/x', '--mode', mode);
        assert.equal(code, 2);
        assert.match(err, /0400, 0440, 0600 or 0640/);
      }
    });
});
