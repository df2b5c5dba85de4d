/**
 * The process for public documents, from inside: one listener, and what it was told to serve.
 * @module
 */
import { asGatehouseError } from '../../errors.ts';
import { createWatchable } from '../../lib/watchable.ts';
import type { TlsIdentity } from '../../transport/listen/tls-front.ts';
import { type HttpListener, openHttpListener } from '../listeners/http-listener.ts';
import { answerDocument, type DocumentShelf, shelfOf } from './answer-document.ts';
import type { FromDocuments, Served, ToDocuments } from './messages.ts';

/** Between two requests of one client. */
const HEAD_MS = 10_000;
/** A document is small: who has not taken it by then only keeps a place. */
const UNREAD_MS = 10_000;

/** Creates what hears the server's messages. */
export function createDocumentServer(say: (message: FromDocuments) => void): (message: ToDocuments) => void {
  const identity = createWatchable<TlsIdentity | undefined>(undefined);
  let shelf: DocumentShelf | undefined;
  let listener: HttpListener | undefined;
  const serve = (served: Served): void => {
    shelf = served.documents && shelfOf(served.documents);
    if (identity.value?.chainPem !== served.identity?.chainPem) identity.replace(served.identity);
  };
  const failed = (thrown: unknown): void => say({ kind: 'failed', message: String(thrown) });
  const open = async ({ address, connections, served }: Extract<ToDocuments, { kind: 'open' }>): Promise<void> => {
    serve(served);
    try {
      listener = await openHttpListener(address, {
        handle: (request, response) => answerDocument(request, response, shelf),
        failed,
        identity,
        callers: 'any',
        identify: () => undefined,
        limits: { connections, headMs: HEAD_MS, bodyMs: HEAD_MS, unreadMs: UNREAD_MS, requests: 4 },
        handshakeFailed: () => undefined, // anybody may call, also with another protocol
      });
      if (listener.address.kind === 'tcp') say({ kind: 'opened', address: listener.address });
    } catch (thrown) {
      const { code, message } = asGatehouseError(thrown);
      say({ kind: 'refused', code, message });
    }
  };
  return (message) => {
    if (message.kind === 'open') void open(message);
    else if (message.kind === 'serve') serve(message.served);
    else if (listener !== undefined) say({ kind: 'counted', tally: listener.takeTally() });
  };
}
