import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { readPinFile } from '../../../../src/server/token/pin-file.ts';
import { tempDir } from '../../../support/temp-dir.ts';

describe('readPinFile', () => {
  const good: readonly { name: string; content: string; mode?: number; pin: string; endsInNewline: boolean }[] = [
    { name: 'a PIN', content: '1234', pin: '1234', endsInNewline: false },
    { name: 'a newline at its end', content: '1234\n', pin: '1234', endsInNewline: true },
    { name: 'a newline of Windows', content: '1234\r\n', pin: '1234', endsInNewline: true },
    { name: 'blanks, which are a part of it', content: ' 12 34 ', pin: ' 12 34 ', endsInNewline: false },
    { name: 'a file that its group may read', content: '1234', mode: 0o440, pin: '1234', endsInNewline: false },
  ];
  for (const { name, content, mode = 0o600, ...want } of good) {
    it(`takes ${name}`, async () => {
      await using dir = await tempDir();
      const file = dir.at('pin');
      writeFileSync(file, content);
      chmodSync(file, mode);
      const { pin, endsInNewline } = readPinFile(file);
      assert.deepEqual({ pin: pin.toString(), endsInNewline }, want);
    });
  }

  const bad: readonly { name: string; content: string; mode?: number; says: RegExp }[] = [
    { name: 'nothing', content: '', says: /is empty/ },
    { name: 'a newline alone', content: '\n', says: /is empty/ },
    { name: 'two newlines', content: '1234\n\n', says: /more than one line/ },
    { name: 'two lines', content: '1234\n5678\n', says: /more than one line/ },
    { name: 'a NUL', content: '1234\0', says: /no text/ },
    { name: 'a file that others may read', content: '1234', mode: 0o604, says: /chmod 600 .*and change the PIN/ },
    { name: 'a file that its group may write', content: '1234', mode: 0o660, says: /open to others/ },
    { name: 'a long one', content: '1'.repeat(1_025), says: /cannot be read: .*longer than 1024 bytes/ },
  ];
  for (const { name, content, mode = 0o600, says } of bad) {
    it(`refuses ${name}, and shows none of it`, async () => {
      await using dir = await tempDir();
      const file = dir.at('pin');
      writeFileSync(file, content);
      chmodSync(file, mode);
      assert.throws(
        () => readPinFile(file),
        (thrown) => thrown instanceof Error && says.test(thrown.message) && !thrown.message.includes('1234'),
      );
    });
  }

  it('refuses a directory, and what is not there', async () => {
    await using dir = await tempDir();
    mkdirSync(dir.at('pin'));
    assert.throws(() => readPinFile(dir.at('pin')), /pinFile .* cannot be read|open to others/);
    assert.throws(() => readPinFile(dir.at('none')), /pinFile .*none cannot be read: ENOENT/);
  });

  it('has another version once it was written again', async () => {
    await using dir = await tempDir();
    const file = dir.at('pin');
    writeFileSync(file, '1234', { mode: 0o600 });
    const before = readPinFile(file).version;
    assert.equal(readPinFile(file).version, before);
    writeFileSync(file, '12345');
    assert.notEqual(readPinFile(file).version, before);
  });
});
