/**
 * What the page is told of something that failed: what was written for whoever asks, and nothing else.
 * @module
 */
import { type ErrorCode, GatehouseError, meaningOf } from '../../errors.ts';

/** An answer that is none. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  /** Which version of the server has said what this one does not understand, and where. Paths, addresses and names are not the page's. */
  readonly details: Readonly<Record<string, string>>;
}

const told = ['version', 'route', 'field'] as const;

/**
 * Makes the refusal of whatever was thrown.
 *
 * @param report  is given what nobody has foreseen, for who has started the console
 */
export function refusalFor(thrown: unknown, report: (what: string) => void): Refusal {
  if (!(thrown instanceof GatehouseError)) {
    report(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
    return {
      code: 'internal',
      message: `${meaningOf('internal').safeText}: \`gatehouse console\` has said what`,
      details: {},
    };
  }
  const { code, message, details } = thrown;
  const shown = told.flatMap((name) => (typeof details[name] === 'string' ? [[name, details[name]]] : []));
  return { code, message, details: Object.fromEntries(shown) as Record<string, string> }; // of texts alone
}
