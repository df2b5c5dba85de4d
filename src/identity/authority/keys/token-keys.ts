/**
 * Keys on a token (PKCS#11), beside those that were there before on the disk: these stay until they are destroyed, all new ones are
 * made on the token. What lies in the place of such a key is a reference.
 *
 * Before a key is made that is written down, so that a crash at any instant leaves nothing on the token that nobody knows. Of what
 * stands on the token without a reference of ours nothing is ever touched: it may be another installation's.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { GatehouseError } from '../../../errors.ts';
import { type KeyType, keyIdentifier } from '../../pki/key-type.ts';
import { type KeyReference, placeOnToken } from './key-reference.ts';
import { proveSigner } from './prove-signer.ts';
import type { KeyStore, RemoteKeys, Signer } from './signer.ts';
import { createTokenState } from './token-state.ts';
import { createTokenUpkeep, type TokenUpkeepDeps } from './token-upkeep.ts';

/** `blobs` hold the references, and keys from before. */
export interface TokenKeysDeps extends TokenUpkeepDeps {
  /** Over the same blobs. */
  readonly local: KeyStore;
}

const NAME_BYTES = 20;

/** Creates the key store. */
export function createTokenKeyStore(deps: TokenKeysDeps): KeyStore & { readonly remote: RemoteKeys } {
  const { token, blobs, local } = deps;
  const state = createTokenState(token, blobs);
  const make = async (keyType: KeyType, firstName: string): Promise<Signer> => {
    const begun: KeyReference = {
      ...{ kind: 'making', token: token.label, madeAt: deps.now(), firstName, keyType, spki: '' },
    };
    const away = token.trouble();
    if (away !== '') throw new GatehouseError('keys_unavailable', away); // before anything is written: whoever wants a key asks again
    await state.write(firstName, begun);
    const spki = Buffer.from(await token.generate(keyType, firstName));
    const keyId = keyIdentifier(spki).toString('hex');
    const reference: KeyReference = { ...begun, kind: 'key', spki: spki.toString('base64') };
    await state.write(keyId, reference);
    state.uncommitted.set(keyId, firstName);
    await token.rename(firstName, keyId);
    const signer = state.signerOf(keyId, reference);
    await proveSigner(signer);
    state.onToken.add(keyId);
    return signer;
  };
  return {
    remote: createTokenUpkeep(deps, state),
    place: placeOnToken(token.label),
    ...(local.encryption && { encryption: local.encryption }),
    ...(local.rewrap && { rewrap: local.rewrap }),
    async create(keyType) {
      const firstName = randomBytes(NAME_BYTES).toString('hex');
      try {
        return await make(keyType, firstName);
      } catch (thrown) {
        await state.giveUp(firstName);
        throw thrown;
      }
    },
    async open(keyId) {
      const reference = await state.read(keyId);
      if (reference === undefined) return local.open(keyId);
      if (reference.kind !== 'key' || state.missing.has(keyId)) return undefined;
      const signer = state.signerOf(keyId, reference);
      state.onToken.add(keyId);
      return signer;
    },
    async remove(keyId) {
      const reference = await state.read(keyId);
      if (reference === undefined) return local.remove(keyId);
      // Written first: where the token is away now, or we are before it is done, its object goes when it is back.
      await state.write(keyId, { ...reference, kind: 'doomed' });
      state.doomed.add(keyId);
      state.onToken.delete(keyId);
      if (token.trouble() === '') await state.destroy(keyId, reference);
    },
    async setAside(keyId) {
      const reference = await state.read(keyId);
      const where = await local.setAside(keyId);
      return reference === undefined ? where : `${where}, and stays on the token ${reference.token}`;
    },
    async list() {
      const names = await blobs.list();
      const kinds = await Promise.all(names.map(async (name) => (await state.read(name))?.kind ?? 'key'));
      return names.filter((_, i) => kinds[i] === 'key');
    },
  };
}
