import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { checkKeys } from '../../../../src/cli/check/store.ts';
import { loadConfig } from '../../../../src/config/read-config.ts';
import { gatehouseDir } from '../../../support/gatehouse-dir.ts';

describe('checkKeys', () => {
  const rows: readonly { name: string; module: boolean; pinMode: number; want: readonly [string, RegExp] }[] = [
    { name: 'a token whose files are as they should be', module: true, pinMode: 0o600, want: ['token', /not opened/] },
    {
      name: 'a module that is not there',
      module: false,
      pinMode: 0o600,
      want: ['token-module', /there is no PKCS#11/],
    },
    { name: 'a PIN that others may read', module: true, pinMode: 0o644, want: ['token-pin', /chmod 600/] },
  ];
  for (const { name, module, pinMode, want } of rows) {
    it(`says of ${name} what it is, and nothing of keys on the disk`, async () => {
      await using dir = await gatehouseDir();
      writeFileSync(dir.at('pin'), '1234');
      chmodSync(dir.at('pin'), pinMode);
      if (module) writeFileSync(dir.at('module.so'), '');
      const pkcs11 = { module: './module.so', tokenLabel: 'gatehouse', pinFile: './pin' };
      await dir.configure({ authority: { keyStore: { pkcs11 } } });
      const outcomes = checkKeys(loadConfig(dir.config));
      assert.deepEqual(
        outcomes.map(({ code }) => code),
        [want[0]],
      );
      assert.match(outcomes[0]!.message, want[1]);
    });
  }
});
