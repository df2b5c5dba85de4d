/**
 * The key store that a configuration names: keys of this machine, or on a token.
 * @module
 */
import type { Config } from '../../config/config.ts';
import { GatehouseError } from '../../errors.ts';
import type { KeyEncryptionKeys } from '../../identity/authority/keys/key-encryption.ts';
import { createLocalKeyStore } from '../../identity/authority/keys/local-keys.ts';
import type { KeyBlobs, KeyStore } from '../../identity/authority/keys/signer.ts';
import { createTokenKeyStore } from '../../identity/authority/keys/token-keys.ts';
import { systemClock } from '../../lib/clock.ts';
import type { StoredTexts } from '../../platform/storage/stored-texts.ts';
import { readPinFile } from './pin-file.ts';
import { openTokenClient, type TokenClient } from './token-client.ts';
import { connectToken } from './token-connection.ts';
import type { TokenTeller } from './token-teller.ts';

/** Signatures at the same time: a token in the network answers several in the time of one. */
const SIGNERS = 4;
const REFUSED_PIN = 'pkcs11 refused pin';

/** As much of a configuration as names a token. */
export interface TokenConfig {
  readonly authority: Pick<Config['authority'], 'keyStore'>;
  readonly trustDomain: string;
}

/**
 * Opens the token of a configuration; undefined: it names none.
 *
 * @param teller  hears of it from now on; absent: nobody does
 * @throws GatehouseError `keys_unavailable`, `key_invalid`
 */
export async function openToken(
  { authority: { keyStore }, trustDomain }: TokenConfig,
  kept: StoredTexts,
  teller?: TokenTeller,
): Promise<TokenClient | undefined> {
  if (typeof keyStore === 'string') return undefined;
  const { module, tokenLabel, pinFile } = keyStore.pkcs11;
  let isTold = false;
  try {
    const token = await openTokenClient({
      order: { module, tokenLabel, keyLabel: `gatehouse ${trustDomain}`, signers: SIGNERS },
      readPin() {
        const found = readPinFile(pinFile);
        if (found.endsInNewline && !isTold) {
          isTold = true;
          teller?.warn(`${pinFile} ends in a newline, which is no part of the PIN`);
        }
        return found;
      },
      refusedPin: {
        read: () => kept.get(REFUSED_PIN) ?? '',
        write: (version) => kept.set(REFUSED_PIN, version),
      },
      connect: connectToken,
      said: (why) => teller?.said(why),
    });
    teller?.said('');
    return token;
  } catch (thrown) {
    if (!(thrown instanceof GatehouseError) || thrown.code !== 'keys_unavailable') throw thrown;
    throw new GatehouseError(thrown.code, `authority.keyStore: ${thrown.message}`, thrown.details, { cause: thrown });
  }
}

export interface KeyStoreDeps {
  readonly keyStore: Config['authority']['keyStore'];
  readonly encryption: KeyEncryptionKeys;
  readonly token: TokenClient | undefined;
}

/** The configured key store over `blobs`. */
export function keyStoreOver(blobs: KeyBlobs, { keyStore, encryption, token }: KeyStoreDeps): KeyStore {
  const local = createLocalKeyStore(blobs, encryption, keyStore === 'memory' ? 'memory' : 'disk');
  return token === undefined ? local : createTokenKeyStore({ token, blobs, local, now: systemClock.now });
}
