/**
 * The head of a question, made by `node:http` without a table of its lines: who answers reads them as they came, in `rawHeaders`.
 * @module
 */
import { type IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** What `node:http` itself asks a head for: whether a body follows, and whether the client waits before it sends that. */
const ofTheBody: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'expect']);
/** Their lengths, by which nearly all others are told apart for nothing. */
const [SHORT, MIDDLE, LONG] = ['expect'.length, 'content-length'.length, 'transfer-encoding'.length];

const none: IncomingHttpHeaders = Object.freeze({});

/** Its `headers` are those that concern its body; to make the others as well takes as long as the answer. */
export class QuestionHead extends IncomingMessage {}
Object.defineProperty(QuestionHead.prototype, 'headers', {
  get(this: IncomingMessage): IncomingHttpHeaders {
    const { rawHeaders } = this;
    let found = none;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const { length } = rawHeaders[i]!;
      if (length !== SHORT && length !== MIDDLE && length !== LONG) continue;
      const name = rawHeaders[i]!.toLowerCase();
      if (ofTheBody.has(name)) found = { ...found, [name]: rawHeaders[i + 1]! };
    }
    return found;
  },
});

/** Whether a body follows. Proxies ask for a request without its body; some leave its length in the head. */
export function announcesBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
