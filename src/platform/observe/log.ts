/**
 * The log: JSON lines on stderr, lines for people if that is a terminal; without secrets, and without what a terminal would obey.
 * @module
 */

import { writeSync } from 'node:fs';
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { printableJson } from '../../lib/printable.ts';
import { createLogOutput } from './log-output.ts';

const standardError = (): DestinationStream => createLogOutput((bytes) => writeSync(2, bytes));

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
export function createLog(level: string, to: DestinationStream = standardError()): Log {
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

/** Where a server's log goes: to stderr, as people read it where that is a terminal. */
export async function logDestination(stream: NodeJS.WriteStream): Promise<DestinationStream> {
  const to = standardError();
  if (!stream.isTTY) return to;
  const { createPrettyLine } = await import('./pretty-log.ts');
  const pretty = createPrettyLine(stream.hasColors());
  return { write: (line) => to.write(pretty(line)) };
}
