/**
 * Finds a token by its label, and logs in without ever spending the last try of its PIN.
 * @module
 */
import { CKF, CKR, nameOfReturn } from './constants.ts';
import { type Cryptoki, CryptokiError, type Handle, type TokenInfo } from './cryptoki.ts';
import { TokenFault } from './token-fault.ts';

/** A token and the slot where it is now: numbers of slots change, labels do not. */
export interface FoundToken {
  readonly slot: Handle;
  readonly info: TokenInfo;
}

/**
 * Finds the only token with that label.
 *
 * @throws TokenFault `setup` where there is none, or more than one
 */
export function findToken(cryptoki: Cryptoki, label: string): FoundToken {
  const all = cryptoki.slots().flatMap((slot): FoundToken[] => {
    try {
      const info = cryptoki.tokenInfo(slot);
      return (info.flags & CKF.TOKEN_INITIALIZED) === 0 ? [] : [{ slot, info }];
    } catch (thrown) {
      if (thrown instanceof CryptokiError) return []; // another slot's token, which has just gone, say
      throw thrown;
    }
  });
  const [found, second] = all.filter(({ info }) => info.label === label);
  if (found !== undefined && second === undefined) return found;
  if (found === undefined || second === undefined) {
    const others = all.map(({ info }) => JSON.stringify(info.label)).join(', ');
    throw new TokenFault(
      'setup',
      `there is no token with the label ${JSON.stringify(label)}; ${others === '' ? 'the module sees none at all' : `there is ${others}`}`,
    );
  }
  throw new TokenFault(
    'setup',
    `two tokens have the label ${JSON.stringify(label)} (serial numbers ${found.info.serial} and ${second.info.serial}): give one of them another label, or take it away`,
  );
}

/** Logs in with one try. @throws TokenFault `pin` where the token refuses it; `setup` where it was not tried */
export function logIn(cryptoki: Cryptoki, session: Handle, { info }: FoundToken, pin: Uint8Array): void {
  checkBefore(info, pin);
  try {
    cryptoki.login(session, pin);
  } catch (thrown) {
    if (!(thrown instanceof CryptokiError) || !refusesPin.has(thrown.returned)) throw thrown;
    throw new TokenFault('pin', `the token refuses the PIN (${nameOfReturn(thrown.returned)})`, { cause: thrown });
  }
}

const refusesPin: ReadonlySet<number> = new Set([
  CKR.PIN_INCORRECT,
  CKR.PIN_INVALID,
  CKR.PIN_LEN_RANGE,
  CKR.PIN_EXPIRED,
  CKR.PIN_LOCKED,
]);

function checkBefore({ flags, minPinBytes, maxPinBytes }: TokenInfo, pin: Uint8Array): void {
  if ((flags & CKF.USER_PIN_LOCKED) !== 0)
    throw new TokenFault('setup', "the token's PIN is locked: its security officer must set it anew");
  if ((flags & CKF.USER_PIN_FINAL_TRY) !== 0) {
    throw new TokenFault(
      'setup',
      'one try is left before the token locks its PIN, and it is not spent here: correct pinFile, and log in once by hand, which gives all tries back',
    );
  }
  if (pin.length < minPinBytes || (maxPinBytes > 0 && pin.length > maxPinBytes)) {
    throw new TokenFault(
      'setup',
      `the PIN has ${pin.length} bytes, and the token takes ${minPinBytes} to ${maxPinBytes}: it was not tried`,
    );
  }
}
