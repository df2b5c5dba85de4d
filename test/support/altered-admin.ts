/**
 * An admin API as a server of another version would have it: a real one stands behind, and what it says is altered.
 * @module
 */
import { createServer, request } from 'node:http';
import { createInterface } from 'node:readline';

/** Changes one answer, or one event of a stream. */
export type Alter = (path: string, document: Record<string, unknown>) => unknown;

export interface AlteredAdmin extends AsyncDisposable {
  /** `unix:PATH`. */
  readonly address: string;
  /** From now on another version answers; connections of before are cut, as by a restart. */
  replace(version: string, alter: Alter): void;
}

/** Serves at a socket what the admin API at `target` says. @param target  `unix:PATH` */
export async function startAlteredAdmin(target: string, socketPath: string): Promise<AlteredAdmin> {
  let version: string | undefined;
  let alter: Alter = (_path, document) => document;
  const server = createServer((asked, answer) => {
    const { method, url = '', headers } = asked;
    const sent = request({ socketPath: target.replace(/^unix:/, ''), method, path: url, headers }, (told) => {
      const own = version === undefined ? {} : { 'gatehouse-version': version };
      const { 'content-length': _length, ...rest } = told.headers;
      answer.writeHead(told.statusCode ?? 500, { ...rest, ...own });
      // An answer is one line of JSON, and a stream is many.
      const lines = createInterface({ input: told });
      lines.on('line', (line) =>
        answer.write(`${JSON.stringify(alter(url, JSON.parse(line) as Record<string, unknown>))}\n`),
      );
      lines.on('close', () => answer.end());
      told.on('error', () => answer.destroy());
      answer.on('close', () => told.destroy());
    });
    sent.on('error', () => answer.destroy());
    asked.pipe(sent);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    address: `unix:${socketPath}`,
    replace(other, altered) {
      version = other;
      alter = altered;
      server.closeAllConnections();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
