/**
 * The file of `authority.keyEncryptionKeyFile`: one key a line; the first one wraps, the others still unwrap.
 * @module
 */
import type { Config } from '../../config/config.ts';
import { GatehouseError } from '../../errors.ts';
import { createKeyEncryptionKeys, type KeyEncryptionKeys } from '../../identity/authority/keys/key-encryption.ts';
import { readRegularFileSync } from '../../lib/regular-file.ts';

/** More keys than these at a time are a mistake. */
const MOST_KEYS = 16;
const MOST_BYTES = 4_096;

/** What wraps keys and seals backups; none where none is configured. @throws GatehouseError `key_invalid` */
export function openKeyEncryptionKeys({ authority: { keyEncryptionKeyFile: file } }: Config): KeyEncryptionKeys {
  return createKeyEncryptionKeys(() => (file === undefined ? [] : readKeys(file)));
}

function readKeys(file: string): readonly Uint8Array[] {
  let text: string;
  try {
    text = readRegularFileSync(file, MOST_BYTES).toString('utf8');
  } catch (thrown) {
    throw new GatehouseError(
      'key_invalid',
      `authority.keyEncryptionKeyFile ${file} cannot be read`,
      { file },
      { cause: thrown },
    );
  }
  const lines = text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  const keys = lines.map((line) => ({ line, key: Buffer.from(line, 'base64') }));
  const isGood = ({ line, key }: (typeof keys)[number]): boolean =>
    key.length === 32 && key.toString('base64').replace(/=+$/, '') === line.replace(/=+$/, '');
  if (keys.length > 0 && keys.length <= MOST_KEYS && keys.every(isGood)) return keys.map(({ key }) => key);
  throw new GatehouseError(
    'key_invalid',
    `authority.keyEncryptionKeyFile ${file} does not hold 32 bytes as base64, one key a line`,
    { file },
  );
}
