import assert from 'node:assert/strict';
import { unixPath } from '../../../../src/cli/terminal/unix-path.ts';

describe('unixPath', () => {
  const good: readonly { address: string; want: string }[] = [
    { address: 'unix:/run/a.sock', want: '/run/a.sock' },
    { address: 'unix:///run/a.sock', want: '/run/a.sock' },
    { address: 'unix:./a.sock', want: './a.sock' },
    { address: 'unix:./a:b.sock', want: './a:b.sock' },
    { address: '/run/a.sock', want: '/run/a.sock' },
    { address: 'a.sock', want: 'a.sock' },
  ];
  for (const { address, want } of good) it(`takes ${address}`, () => assert.equal(unixPath('--admin', address), want));

  for (const address of ['http://127.0.0.1:1', 'tcp://127.0.0.1:1', '127.0.0.1:9443', 'unix:', '', 'UNIX:/a'])
    it(`refuses ${JSON.stringify(address)}, where no file is meant`, () => {
      assert.throws(() => unixPath('--admin', address, ' or https://HOST:PORT'), {
        code: 'config_invalid',
        message: `--admin: ${JSON.stringify(address)} is not unix:PATH or https://HOST:PORT`,
      });
    });
});
