/**
 * Recognises the client's connection preface, and an HTTP/1 client that came to the wrong door.
 * @module
 */
import { CLIENT_PREFACE } from './protocol.ts';

interface PrefaceMatch {
  /** How many bytes of the chunk belong to the preface. */
  readonly length: number;
  /** Set when it is not the preface: what to answer, empty when it is not HTTP/1 either. */
  readonly wrong: Buffer | undefined;
}

const text = 'this port speaks gRPC over HTTP/2\n';
const notHttp1 = Buffer.from(
  `HTTP/1.1 505 HTTP Version Not Supported\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  'latin1',
);

/** Compares `chunk` with the preface, of which `seen` bytes came before. */
export function matchPreface(chunk: Buffer, seen: number): PrefaceMatch {
  const length = Math.min(chunk.length, CLIENT_PREFACE.length - seen);
  if (CLIENT_PREFACE.compare(chunk, 0, length, seen, seen + length) === 0) return { length, wrong: undefined };
  const http1 = seen === 0 && /^[A-Z]{3,16} [^ ]* HTTP\/1\.[01]\r\n/.test(chunk.toString('latin1', 0, 4_096));
  return { length: 0, wrong: http1 ? notHttp1 : Buffer.alloc(0) };
}
