/**
 * The plainest client of an API server: for tests that put objects there, and look at what became of them.
 * @module
 */
import { Agent, request } from 'node:https';

export interface Credentials {
  /** PEM. */
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

export interface ApiAnswer<Body> {
  readonly status: number;
  readonly body: Body;
  /** Texts of the `Warning` headers. */
  readonly warnings: readonly string[];
}

/** What answers have, as far as a test looks without saying more: an object, a list, or a Status. */
export interface ApiBody {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: unknown;
  readonly status: unknown;
  readonly items: readonly ApiBody[];
  readonly reason?: string;
  readonly message?: string;
}

export interface ApiClient {
  /** One request; every answer is an answer. That of a watch is the text of its lines. */
  ask<Body = ApiBody>(method: string, path: string, body?: unknown, contentType?: string): Promise<ApiAnswer<Body>>;
  /** As {@link ApiClient.ask}, the body alone. @throws Error with what the server said, where it did not do it */
  must<Body = ApiBody>(method: string, path: string, body?: unknown, contentType?: string): Promise<Body>;
  close(): void;
}

/** A client of one user. @param ca  PEM */
export function apiClient(url: string, ca: string, { cert, key, token }: Credentials): ApiClient {
  const agent = new Agent({ keepAlive: true, ca, ...(cert === undefined ? {} : { cert, key }) });
  const ask = <Body>(method: string, path: string, body?: unknown, contentType = 'application/json') =>
    new Promise<ApiAnswer<Body>>((resolve, reject) => {
      const headers = {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': contentType }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      };
      const asked = request(new URL(path, url), { method, agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = response.headers['content-type']?.includes('json') === true && !path.includes('watch=1');
          resolve({
            status: response.statusCode ?? 0,
            body: (isJson ? JSON.parse(text) : text) as Body, // as the asker knows it
            warnings: warningsOf(response.headers),
          });
        });
      });
      asked
        .on('error', reject)
        .end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    });
  return {
    ask,
    async must<Body>(method: string, path: string, body?: unknown, contentType?: string) {
      const answer = await ask<Body>(method, path, body, contentType);
      if (answer.status < 300) return answer.body;
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    },
    close: () => agent.destroy(),
  };
}

/** `299 - "text"`, several with commas between; quotes and backslashes inside are escaped. */
function warningsOf(headers: NodeJS.Dict<string | string[]>): string[] {
  const text = [headers['warning'] ?? []].flat().join(', ');
  return [...text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, quoted]) => quoted!.replace(/\\(.)/g, '$1'));
}
