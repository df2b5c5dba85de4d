/**
 * The log: JSON lines on stderr, without secrets, and without what a terminal would obey.
 * @module
 */

import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import { printableJson } from '../../lib/printable.ts';

/** The log that every part is given; lines are redacted and made printable before they are written. */
export type Log = Logger;

/** What may hold a secret wherever it stands in a log line, one or two levels deep. */
const SECRETS = [
  'authorization',
  'cookie',
  'set-cookie',
  'proxy-authorization',
  'access_token',
  'token',
  'privateKey',
  'password',
];

const paths = SECRETS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);

/**
 * Creates the log.
 *
 * @param level  least severity that is written
 * @param to  where lines go; stderr, synchronously, unless told
 */
export function createLog(level: string, to: DestinationStream = destination({ fd: 2, sync: true })): Log {
  return pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: '[redacted]' },
    },
    { write: (line) => to.write(printableJson(line)) },
  );
}
