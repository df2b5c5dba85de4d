/**
 * Log lines for people at a terminal. Loaded where somebody looks, and nowhere else.
 * @module
 */
import { prettyFactory } from 'pino-pretty';
import { allOnOneLine } from '../../lib/printable.ts';

/** Creates a function that gives one line of the log as people read it: what came from outside is in it as text, colours are our own. */
export function createPrettyLine(colorize: boolean): (line: string) => string {
  const pretty = prettyFactory({
    colorize,
    colorizeObjects: false,
    messageKey: 'message',
    timestampKey: 'time',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return (line) => pretty(allOnOneLine(JSON.parse(line) as object)); // our own log writes objects
}
