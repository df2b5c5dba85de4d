/**
 * The signing process, from inside: one token, and what it is asked for.
 * @module
 */
import type { Cryptoki } from '../../platform/pkcs11/cryptoki.ts';
import { type OpenToken, openToken } from '../../platform/pkcs11/open-token.ts';
import { asTokenFault, TokenFault } from '../../platform/pkcs11/token-fault.ts';
import type { FromToken, OpenOrder, TokenAnswer, TokenRequest, ToToken } from './messages.ts';

/** Answers in one message. */
const AT_ONCE = 16;
/** The shortest that a timer can be. */
const WAIT_MS = 1;

/** Creates what hears the server's messages. */
export function createTokenServer(
  load: (module: string) => Cryptoki,
  say: (message: FromToken) => void,
): (message: ToToken) => void {
  let token: OpenToken | undefined;
  let pending = 0;
  let timer: NodeJS.Timeout | undefined;
  const answers: TokenAnswer[] = [];
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (answers.length > 0) say({ kind: 'answers', answers: answers.splice(0) });
  };
  /** While more are being worked on an answer waits a moment for them: a message costs as much as half a signature. */
  const answer = (given: TokenAnswer): void => {
    pending -= 1;
    answers.push(given);
    if (pending === 0 || answers.length >= AT_ONCE) flush();
    else timer ??= setTimeout(flush, WAIT_MS);
  };
  const open = ({ module, ...order }: OpenOrder): void => {
    try {
      token = openToken(loaded(load, module), order);
      say({ kind: 'opened', serial: token.serial });
    } catch (thrown) {
      const { kind, message } = asTokenFault(thrown);
      say({ kind: 'failed', fault: kind, message });
    }
  };
  const work = async (id: number, request: TokenRequest): Promise<void> => {
    try {
      answer({ id, value: await done(token!, request) }); // nobody asks before it is open
    } catch (thrown) {
      const { kind, message } = asTokenFault(thrown);
      answer({ id, fault: kind, message });
    }
  };
  return (message) => {
    if (message.kind === 'open') open(message.order);
    else {
      pending += message.requests.length;
      for (const { id, request } of message.requests) void work(id, request);
    }
  };
}

function loaded(load: (module: string) => Cryptoki, module: string): Cryptoki {
  try {
    return load(module);
  } catch (thrown) {
    throw new TokenFault('setup', asTokenFault(thrown).message, { cause: thrown });
  }
}

async function done(token: OpenToken, request: TokenRequest): Promise<unknown> {
  switch (request.ask) {
    case 'generate':
      return token.generate(request.keyType, request.name);
    case 'rename':
      return token.rename(request.from, request.to);
    case 'sign':
      return token.sign(request.names, request.mechanism, request.input);
    case 'destroy':
      return token.destroy(request.names);
    case 'names':
      return token.names();
    case 'check':
      return token.check();
  }
}
