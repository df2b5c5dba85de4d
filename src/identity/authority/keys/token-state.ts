/**
 * What the parts of a token's key store share: its references, and what this process knows of the keys behind them.
 * @module
 */
import { asGatehouseError, GatehouseError } from '../../../errors.ts';
import { type KeyReference, placeOnToken, referenceFrom, referenceToBytes } from './key-reference.ts';
import type { KeyBlobs, Signer } from './signer.ts';
import type { Token } from './token.ts';
import { tokenSignatures } from './token-signature.ts';

/** A key store's own. */
export interface TokenState {
  /** By key: the name under which it stands written that it is being made. */
  readonly uncommitted: Map<string, string>;
  /** Keys that were made or opened. */
  readonly onToken: Set<string>;
  /** Keys that do not sign as themselves. */
  readonly missing: Set<string>;
  /** Why the token last refused to sign with a key. */
  readonly broken: Map<string, string>;
  /** Keys that are to be destroyed. */
  readonly doomed: Set<string>;
  /** Undefined: a key lies there itself, or nothing. */
  read(name: string): Promise<KeyReference | undefined>;
  /** All references to that token, by name. */
  readAll(): Promise<ReadonlyMap<string, KeyReference>>;
  /** Durable when it resolves. */
  write(name: string, reference: KeyReference): Promise<void>;
  /** @throws GatehouseError `key_invalid` where the key is on another token */
  signerOf(keyId: string, reference: KeyReference): Signer;
  /** Destroys its objects, then the reference. What the token does not do now it is asked for again. */
  destroy(name: string, reference: KeyReference): Promise<void>;
  /** Destroys what there is of a key whose making failed; where that cannot be done now, the next start does it. */
  giveUp(firstName: string): Promise<void>;
}

/** Creates it. */
export function createTokenState(token: Token, blobs: KeyBlobs): TokenState {
  const broken = new Map<string, string>();
  const doomed = new Set<string>();
  const read = async (name: string): Promise<KeyReference | undefined> => {
    const bytes = await blobs.get(name);
    return bytes && referenceFrom(bytes);
  };
  const readAll = async (): Promise<ReadonlyMap<string, KeyReference>> => {
    const all = new Map<string, KeyReference>();
    for (const name of await blobs.list()) {
      const reference = await read(name);
      if (reference?.token === token.label) all.set(name, reference);
    }
    return all;
  };
  return {
    uncommitted: new Map(),
    onToken: new Set(),
    missing: new Set(),
    broken,
    doomed,
    read,
    readAll,
    write: (name, reference) => blobs.put(name, referenceToBytes(reference)),
    signerOf(keyId, { token: label, firstName, keyType, spki }) {
      if (label !== token.label) throw elsewhere(keyId, label, token.label);
      const { mechanism, inputOf, signatureOf } = tokenSignatures[keyType];
      return {
        keyId,
        keyType,
        place: placeOnToken(label),
        spki: Buffer.from(spki, 'base64'),
        async sign(bytes, digest) {
          try {
            const raw = await token.sign([keyId, firstName], mechanism, inputOf(bytes, digest));
            broken.delete(keyId);
            return signatureOf(raw);
          } catch (thrown) {
            const { code, message } = asGatehouseError(thrown);
            if (code === 'key_invalid') broken.set(keyId, message);
            throw thrown;
          }
        },
      };
    },
    async giveUp(firstName) {
      try {
        const made = [...(await readAll())].flatMap(([name, each]) => (each.firstName === firstName ? [name] : []));
        if (made.length === 0) return;
        await token.destroy([firstName, ...made]);
        for (const name of made) await blobs.remove(name);
      } catch {
        // It stands written: the first error is the one to tell.
      }
    },
    async destroy(name, { firstName }) {
      try {
        await token.destroy([name, firstName]);
      } catch (thrown) {
        if (asGatehouseError(thrown).code === 'keys_unavailable') return;
        throw thrown;
      }
      await blobs.remove(name);
      await blobs.remove(firstName);
      doomed.delete(name);
    },
  };
}

const elsewhere = (keyId: string, label: string, ours: string): GatehouseError =>
  new GatehouseError(
    'key_invalid',
    `the key ${keyId} is on the token ${JSON.stringify(label)}, and authority.keyStore names ${JSON.stringify(ours)}: name that one until the key is destroyed`,
    { keyId, token: label },
  );
