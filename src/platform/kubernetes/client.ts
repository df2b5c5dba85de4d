/**
 * Asks one API server: requests and watches over one pool of connections.
 * @module
 */
import { Agent, type Dispatcher, errors } from 'undici';
import type { ClusterAccess, Credentials, TlsParts } from './access.ts';
import { inClusterAccess } from './in-cluster.ts';
import { jsonLines } from './json-lines.ts';
import { kubeconfigAccess } from './kubeconfig.ts';
import { errorOfStatus, KubernetesError, SILENT } from './kubernetes-error.ts';

/** One API server, one undici Agent for the whole process; tokens and CA files are read anew when renewed. */
export interface KubernetesClient {
  /** The parsed JSON answer. @throws {KubernetesError} with code, reason, message of the Status body, retryAfterMs */
  request<T = unknown>(ask: KubernetesRequest): Promise<T>;
  /** Lines of a watch, each a parsed event; ends with the stream. @throws {KubernetesError} also when it is silent for too long */
  stream(ask: KubernetesRequest): AsyncIterable<unknown>;
  close(): Promise<void>;
}

/** One question to the API server. */
export interface KubernetesRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Such as `/apis/certificates.k8s.io/v1/clustertrustbundles`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** For PATCH: `application/merge-patch+json`, `application/apply-patch+yaml`. */
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
  /** Of a stream: called once the server has agreed to it, before the first line. */
  readonly opened?: () => void;
}

/** How long is waited for what. */
export interface ClientTimes {
  readonly connectMs: number;
  /** Until a request is answered. */
  readonly answerMs: number;
  /** Between two lines of a watch: bookmarks come every minute, so that more than that is a dead connection. */
  readonly silenceMs: number;
}

const usualTimes: ClientTimes = { connectMs: 10_000, answerMs: 30_000, silenceMs: 75_000 };

/**
 * Creates the client of the API server that a kubeconfig names; with `''` of the one whose pod we are in.
 *
 * Nothing is asked yet.
 *
 * @throws GatehouseError `config_invalid` with the field that is wrong
 */
export async function kubernetesClient(
  kubeconfig: string | ClusterAccess,
  times: Partial<ClientTimes> = {},
): Promise<KubernetesClient> {
  const access = typeof kubeconfig === 'string' ? accessOf(kubeconfig) : kubeconfig;
  const { connectMs, answerMs, silenceMs } = { ...usualTimes, ...times };
  const pool = new AgentPool(connectMs);
  const send = async (ask: KubernetesRequest, bodyTimeout: number): Promise<Dispatcher.ResponseData> => {
    const first = await access.credentials();
    const answer = await sendOnce(ask, first, bodyTimeout);
    if (answer.statusCode !== 401) return answer;
    const second = await access.credentials(first);
    if (second.token === first.token && isSameTls(second.tls, first.tls)) return answer;
    await answer.body.dump();
    return sendOnce(ask, second, bodyTimeout);
  };
  const sendOnce = async (ask: KubernetesRequest, { tls, token }: Credentials, bodyTimeout: number) => {
    const { method = 'GET', path, query, body, contentType = 'application/json', accept, signal } = ask;
    const url = new URL(`${access.server}${path}`);
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    return pool.agentFor(tls).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: {
        accept: accept ?? 'application/json',
        'user-agent': 'gatehouse',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': contentType }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
      headersTimeout: answerMs,
      bodyTimeout,
    });
  };
  const nameOf = ({ method = 'GET', path }: KubernetesRequest): string => `${method} ${path}`;
  return {
    async request<T>(ask: KubernetesRequest) {
      const what = nameOf(ask);
      try {
        const answer = await send(ask, answerMs);
        if (answer.statusCode >= 300) throw await refusal(what, answer);
        const text = await answer.body.text();
        return (text === '' ? undefined : JSON.parse(text)) as T; // whoever asks knows what the API server answers there
      } catch (thrown) {
        throw asKubernetesError(what, thrown);
      }
    },
    async *stream(ask) {
      const what = nameOf(ask);
      try {
        const answer = await send(ask, silenceMs);
        if (answer.statusCode >= 300) throw await refusal(what, answer);
        ask.opened?.();
        yield* jsonLines(answer.body);
      } catch (thrown) {
        throw asKubernetesError(what, thrown);
      }
    },
    close: () => pool.close(),
  };
}

const accessOf = (kubeconfig: string): ClusterAccess =>
  kubeconfig === '' ? inClusterAccess() : kubeconfigAccess(kubeconfig);

/** One Agent for all, made anew when a certificate of ours or the CA has been renewed. */
class AgentPool {
  readonly #connectMs: number;
  #held: { readonly tls: TlsParts; readonly agent: Agent } | undefined;

  constructor(connectMs: number) {
    this.#connectMs = connectMs;
  }

  agentFor(tls: TlsParts): Agent {
    if (this.#held !== undefined && isSameTls(this.#held.tls, tls)) return this.#held.agent;
    void this.#held?.agent.close(); // what is under way ends by itself
    const present = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
    const verified = { rejectUnauthorized: true }; // whatever the environment says
    const agent = new Agent({
      connect: { ...present, ...verified, timeout: this.#connectMs },
      keepAliveTimeout: 30_000,
    });
    this.#held = { tls, agent };
    return agent;
  }

  async close(): Promise<void> {
    await this.#held?.agent.destroy();
  }
}

const isSameTls = (one: TlsParts, other: TlsParts): boolean =>
  one.ca === other.ca && one.cert === other.cert && one.key === other.key && one.servername === other.servername;

async function refusal(what: string, { statusCode, headers, body }: Dispatcher.ResponseData): Promise<KubernetesError> {
  const text = await body.text();
  let status: unknown;
  try {
    status = JSON.parse(text);
  } catch {
    status = { kind: 'Status', message: text.slice(0, 200).trim() };
  }
  return errorOfStatus(what, status, statusCode, retryAfterOf(headers['retry-after']));
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function retryAfterOf(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function asKubernetesError(what: string, thrown: unknown): KubernetesError {
  if (thrown instanceof KubernetesError) return thrown;
  const message = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  const reason = thrown instanceof errors.BodyTimeoutError ? SILENT : '';
  return new KubernetesError(`${what}: ${message}`, { code: 0, reason }, { cause: thrown });
}
