/**
 * A token for as long as the server runs: it may go and come back. While it is away everything that needs it fails at once, and it is
 * opened again with growing pauses.
 *
 * A PIN that the token has refused is never tried again, by this process or the next: tokens lock themselves after a few.
 * @module
 */
import { setTimeout as after } from 'node:timers';
import { asGatehouseError, GatehouseError } from '../../errors.ts';
import type { Token } from '../../identity/authority/keys/token.ts';
import { asTokenFault, TokenFault } from '../../platform/pkcs11/token-fault.ts';
import type { OpenOrder, TokenRequest } from './messages.ts';
import type { PinFile } from './pin-file.ts';
import type { TokenConnection } from './token-connection.ts';

/** The token, and its connection. */
export interface TokenClient extends Token, AsyncDisposable {}

export interface TokenClientDeps {
  readonly order: Omit<OpenOrder, 'pin'>;
  /** @throws GatehouseError `key_invalid` */
  readonly readPin: () => PinFile;
  /** The version of the PIN's file that was refused; outlives the process. */
  readonly refusedPin: { read(): string; write(version: string): void };
  /** @throws TokenFault */
  readonly connect: (order: OpenOrder) => Promise<TokenConnection>;
  /** Told why it is away, and with `''` that it is back. */
  readonly said: (why: string) => void;
  readonly againMs?: { readonly least: number; readonly most: number };
  readonly probeMs?: number;
}

const AGAIN_MS = { least: 1_000, most: 30_000 } as const;
const PROBE_MS = 5_000;
/** Who was open so long is opened again at once: sessions of some tokens end when nobody uses them. */
const STABLE_MS = 10_000;

/** Opens it. @throws GatehouseError `keys_unavailable`, `key_invalid` (the PIN's file) */
export async function openTokenClient(deps: TokenClientDeps): Promise<TokenClient> {
  const { order, readPin, refusedPin, said, againMs = AGAIN_MS, probeMs = PROBE_MS } = deps;
  let connection: TokenConnection | undefined;
  let openedAt = 0;
  let usedAt = 0;
  let why = '';
  /** The try that follows a loss at once: whoever asks meanwhile waits for it. */
  let opening: Promise<void> | undefined;
  let pauseMs: number = againMs.least;
  let timer: NodeJS.Timeout | undefined;
  let isEnding = false;

  const connect = async (): Promise<void> => {
    const { pin, version } = readPin();
    const tried = `${order.module} ${order.tokenLabel} ${version}`;
    if (refusedPin.read() === tried) {
      throw new TokenFault(
        'setup',
        'the token has refused the PIN in pinFile, and it is not tried again, so that the token is not locked: write the right one into that file',
      );
    }
    const fresh = await deps.connect({ ...order, pin }).catch((thrown: unknown) => {
      if (asTokenFault(thrown).kind === 'pin') refusedPin.write(tried);
      throw thrown;
    });
    if (isEnding) return fresh[Symbol.asyncDispose]();
    connection = fresh;
    openedAt = performance.now();
    void fresh.lost.then((fault) => lost(fresh, fault));
  };
  const isAway = (reason: string): void => {
    if (reason === why) return;
    why = reason;
    said(why);
  };
  const retry = async (): Promise<void> => {
    try {
      await connect();
      isAway('');
      pauseMs = againMs.least;
    } catch (thrown) {
      if (isEnding) return;
      isAway(thrown instanceof Error ? thrown.message : String(thrown));
      timer = after(() => void retry(), pauseMs).unref();
      pauseMs = Math.min(2 * pauseMs, againMs.most);
    }
  };
  const lost = (which: TokenConnection, { message }: TokenFault): void => {
    if (isEnding || connection !== which) return;
    connection = undefined;
    if (performance.now() - openedAt >= STABLE_MS) {
      opening = retry().finally(() => {
        opening = undefined;
      });
      return;
    }
    isAway(message);
    timer = after(() => void retry(), pauseMs).unref();
    pauseMs = Math.min(2 * pauseMs, againMs.most);
  };
  const away = (reason: string): GatehouseError =>
    new GatehouseError('keys_unavailable', `the PKCS#11 token ${JSON.stringify(order.tokenLabel)} is away: ${reason}`, {
      token: order.tokenLabel,
    });
  const ask = async <T>(request: TokenRequest, mayRepeat = true): Promise<T> => {
    await opening;
    const open = connection;
    if (open === undefined) throw away(why);
    usedAt = performance.now();
    try {
      return (await open.ask(request)) as T; // as serve-token.ts answers it
    } catch (thrown) {
      const { kind, message } = asTokenFault(thrown);
      if (kind === 'refused') {
        throw new GatehouseError('key_invalid', `the PKCS#11 token ${JSON.stringify(order.tokenLabel)}: ${message}`);
      }
      await open.lost;
      await opening;
      if (mayRepeat && connection !== undefined && connection !== open) return ask(request, false);
      throw away(message);
    }
  };
  try {
    await connect();
  } catch (thrown) {
    throw thrown instanceof GatehouseError ? thrown : away(asGatehouseError(thrown).message);
  }
  const probe = setInterval(() => {
    if (connection === undefined || performance.now() - usedAt < probeMs / 2) return;
    ask({ ask: 'check' }).catch(() => undefined); // `lost` tells it
  }, probeMs).unref();
  return {
    label: order.tokenLabel,
    trouble: () => (connection === undefined && opening === undefined ? away(why).message : ''),
    generate: (keyType, name) => ask({ ask: 'generate', keyType, name }, false),
    rename: (from, to) => ask({ ask: 'rename', from, to }),
    sign: (names, mechanism, input) => ask({ ask: 'sign', names, mechanism, input }),
    destroy: (names) => ask({ ask: 'destroy', names }),
    names: () => ask({ ask: 'names' }),
    async [Symbol.asyncDispose]() {
      isEnding = true;
      clearTimeout(timer);
      clearInterval(probe);
      await connection?.[Symbol.asyncDispose]();
    },
  };
}
