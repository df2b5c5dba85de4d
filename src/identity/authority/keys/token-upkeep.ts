/**
 * What is to be done about keys on a token besides signing: they are proved, and what was left or is to go is destroyed.
 * @module
 */
import { asGatehouseError } from '../../../errors.ts';
import { proveSigner } from './prove-signer.ts';
import type { KeyBlobs, RemoteKeys, Signer } from './signer.ts';
import type { Token } from './token.ts';
import type { TokenState } from './token-state.ts';

export interface TokenUpkeepDeps {
  readonly token: Token;
  readonly blobs: KeyBlobs;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** As long after it was begun a key may still appear that was being made when its maker ended. */
const MAY_APPEAR_MS = 60 * 60_000;

/** Creates it over what the key store knows. */
export function createTokenUpkeep({ token, blobs, now }: TokenUpkeepDeps, state: TokenState): RemoteKeys {
  const finish = async (): Promise<void> => {
    for (const name of state.doomed) {
      if (token.trouble() !== '') return;
      const reference = await state.read(name);
      if (reference === undefined) state.doomed.delete(name);
      else await state.destroy(name, reference);
    }
  };
  return {
    trouble(keyIds) {
      const ours = keyIds.filter((id) => state.onToken.has(id));
      return ours.length === 0 ? '' : token.trouble() || (ours.map((id) => state.broken.get(id)).find(Boolean) ?? '');
    },
    async prove(keyIds) {
      const lost: string[] = [];
      for (const keyId of keyIds) {
        const reference = await state.read(keyId);
        if (reference?.kind !== 'key') continue;
        const isThere = await signsAsItself(state.signerOf(keyId, reference));
        if (isThere) state.missing.delete(keyId);
        else state.missing.add(keyId);
        if (!isThere) lost.push(keyId);
      }
      return lost;
    },
    async committed(keyId) {
      const name = state.uncommitted.get(keyId);
      if (name === undefined) return;
      await blobs.remove(name);
      state.uncommitted.delete(keyId);
    },
    async sweep(isKnown, olderThanMs) {
      const references = await state.readAll();
      const told: string[] = [];
      for (const [name, { kind, madeAt }] of references) {
        if (kind === 'doomed') state.doomed.add(name);
        if (kind !== 'making') continue;
        const made = [...references].find(([id, { firstName }]) => id !== name && firstName === name)?.[0];
        const ageMs = now() - madeAt;
        if (made !== undefined && isKnown(made)) await blobs.remove(name);
        else if (ageMs >= olderThanMs) {
          const count = await token.destroy([...(made === undefined ? [] : [made]), name]);
          if (count > 0) told.push(made ?? name);
          if (made !== undefined) await blobs.remove(made);
          if (count > 0 || made !== undefined || ageMs >= MAY_APPEAR_MS) await blobs.remove(name);
        }
      }
      await finish();
      return told;
    },
    finish,
    async unknown() {
      const known = new Set([...(await state.readAll())].flatMap(([name, { firstName }]) => [name, firstName]));
      return (await token.names()).filter((name) => !known.has(name));
    },
  };
}

/** @throws GatehouseError `keys_unavailable` */
async function signsAsItself(signer: Signer): Promise<boolean> {
  try {
    await proveSigner(signer);
    return true;
  } catch (thrown) {
    if (asGatehouseError(thrown).code === 'key_invalid') return false;
    throw thrown;
  }
}
