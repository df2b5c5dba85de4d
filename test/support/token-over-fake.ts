/**
 * Fake tokens behind the messages of the signing process, without a process.
 * @module
 */
import type { KeyBlobs } from '../../src/identity/authority/keys/signer.ts';
import type { Token } from '../../src/identity/authority/keys/token.ts';
import { asTokenFault, TokenFault } from '../../src/platform/pkcs11/token-fault.ts';
import type { FromToken, OpenOrder, ToToken } from '../../src/server/token/messages.ts';
import { createTokenServer } from '../../src/server/token/serve-token.ts';
import { openTokenClient, type TokenClient, type TokenClientDeps } from '../../src/server/token/token-client.ts';
import type { TokenConnection } from '../../src/server/token/token-connection.ts';
import { type FakeToken, fakeCryptoki } from './fake-token.ts';

/** Connects as `connectToken` does, within this process. */
export const connectFake =
  (tokens: () => readonly FakeToken[]) =>
  async (order: OpenOrder): Promise<TokenConnection> => {
    const lost = Promise.withResolvers<TokenFault>();
    const waiting = new Map<number, PromiseWithResolvers<unknown>>();
    let first: FromToken | undefined;
    const hear = createTokenServer(
      () => fakeCryptoki(tokens()),
      (message: FromToken) => {
        if (message.kind !== 'answers') first = message;
        else
          for (const each of message.answers) {
            const asked = waiting.get(each.id);
            if ('value' in each) asked?.resolve(each.value);
            else {
              const fault = new TokenFault(each.fault, each.message);
              if (fault.kind !== 'refused') lost.resolve(fault);
              asked?.reject(fault);
            }
          }
      },
    );
    const say = (message: ToToken): void => hear(message);
    say({ kind: 'open', order });
    if (first?.kind === 'failed') throw new TokenFault(first.fault, first.message);
    let lastId = 0;
    return {
      serial: 'fake',
      lost: lost.promise,
      ask(request) {
        const asked = Promise.withResolvers<unknown>();
        waiting.set(++lastId, asked);
        say({ kind: 'requests', requests: [{ id: lastId, request }] });
        return asked.promise;
      },
      [Symbol.asyncDispose]: async () => lost.resolve(asTokenFault(new Error('closed'))),
    };
  };

/** A client of them; `differs` replaces what a test is about. */
export function openFakeClient(
  tokens: readonly FakeToken[],
  differs: Partial<TokenClientDeps> = {},
): Promise<TokenClient> {
  let refused = '';
  return openTokenClient({
    order: { module: '/fake.so', tokenLabel: 'gatehouse', keyLabel: 'gatehouse test', signers: 2 },
    readPin: () => ({ pin: Buffer.from('1234'), version: 'pin 1', endsInNewline: false }),
    refusedPin: {
      read: () => refused,
      write(version) {
        refused = version;
      },
    },
    connect: connectFake(() => tokens),
    said: () => undefined,
    againMs: { least: 5, most: 20 },
    probeMs: 10,
    ...differs,
  });
}

/** The same token, whose calls end at the `n`th as if its user were killed: that one and all later ones are never answered well. */
export function dyingAfter<T extends Token>(token: T, step: () => void): Token {
  const dying =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      step();
      const answer = await call(...args);
      step();
      return answer;
    };
  return {
    label: token.label,
    trouble: () => token.trouble(),
    generate: dying(token.generate),
    rename: dying(token.rename),
    sign: dying(token.sign),
    destroy: dying(token.destroy),
    names: dying(token.names),
  };
}

/** The same blobs, whose calls die as those of the token do. */
export function dyingBlobs(blobs: KeyBlobs, step: () => void): KeyBlobs {
  return {
    ...blobs,
    async put(name, bytes) {
      step();
      await blobs.put(name, bytes);
      step();
    },
    async remove(name) {
      step();
      await blobs.remove(name);
      step();
    },
  };
}

/** What such a call throws. */
export class Killed extends Error {}

/** Throws at the call `at`, and at all after it. */
export function killer(at: number): () => void {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls >= at) throw new Killed();
  };
}
