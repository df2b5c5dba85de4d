/**
 * What the API server, or the way to it, answered in place of what was asked.
 * @module
 */

/** The reason of an error where nothing came for too long over a connection that was taken up. */
export const SILENT = 'Silent';

/** An answer that is none. Decide by `code` and `reason`; the message is for people. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  /** HTTP status, or the code of an ERROR event of a watch; 0: no answer came at all. */
  readonly code: number;
  /** Of the Status body, such as `Expired`, `NotFound`, `AlreadyExists`; empty where there was none. */
  readonly reason: string;
  /** How long the server wants us to wait; undefined: it did not say. */
  readonly retryAfterMs: number | undefined;
  /** The Status body's causes, e.g. `ResourceVersionTooLarge`. */
  readonly causes: readonly string[];

  constructor(
    message: string,
    {
      code,
      reason = '',
      retryAfterMs,
      causes = [],
    }: {
      readonly code: number;
      readonly reason?: string;
      readonly retryAfterMs?: number | undefined;
      readonly causes?: readonly string[];
    },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
    this.causes = causes;
  }

  /** The version that was asked for is no longer kept (HTTP 410, or the same in an ERROR event). */
  get isExpired(): boolean {
    return this.code === 410 || this.reason === 'Expired' || this.reason === 'Gone';
  }

  /** The version that was asked for is none that the server has seen: its store was set back. */
  get isOfTheFuture(): boolean {
    return this.causes.includes('ResourceVersionTooLarge');
  }
}

/**
 * Reads a Status object.
 *
 * @param what  what was asked, for the message, e.g. `GET /api/v1/pods`
 * @param status  the body, parsed; anything at all
 * @param code  the HTTP status; 0: the Status has to say it
 */
export function errorOfStatus(what: string, status: unknown, code: number, retryAfterMs?: number): KubernetesError {
  const body = isRecord(status) && status['kind'] === 'Status' ? status : {};
  const details = isRecord(body['details']) ? body['details'] : {};
  const own = typeof body['code'] === 'number' ? body['code'] : 0;
  const message = typeof body['message'] === 'string' && body['message'] !== '' ? body['message'] : 'no reason given';
  const told = details['retryAfterSeconds'];
  const causes = Array.isArray(details['causes']) ? details['causes'].flatMap((each) => reasonOf(each)) : [];
  return new KubernetesError(`${what}: ${code || own || 500}: ${message}`, {
    code: code || own || 500,
    reason: typeof body['reason'] === 'string' ? body['reason'] : '',
    retryAfterMs: retryAfterMs ?? (typeof told === 'number' && told > 0 ? told * 1000 : undefined),
    causes,
  });
}

function reasonOf(cause: unknown): string[] {
  return isRecord(cause) && typeof cause['reason'] === 'string' ? [cause['reason']] : [];
}

/** The text at a field; empty where there is none. */
export function textOf(of: Readonly<Record<string, unknown>>, field: string): string {
  const value = of[field];
  return typeof value === 'string' ? value : '';
}

/** Whether a parsed value is a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
