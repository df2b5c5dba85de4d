/**
 * One workload to another, on the command line.
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Pair } from '../../../analysis/pair.ts';
import { GatehouseError } from '../../../errors.ts';

/** What the options of `pairOptions` say. */
export interface PairFlags {
  readonly port?: number;
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly header?: readonly (readonly [name: string, value: string])[];
  readonly tcp?: boolean;
}

type Headers = NonNullable<PairFlags['header']>;

/** What is asked of the second workload. */
export function pairOptions(): Option[] {
  return [
    new Option('--port <number>', 'its port (default: the first that its pod names)').argParser(portOf),
    new Option('--method <method>', 'HTTP method (default: GET)'),
    new Option('--path <path>', 'HTTP path (default: /)'),
    new Option('--host <host>', 'HTTP authority'),
    new Option('--header <name:value>', 'an HTTP header; as often as needed').argParser(headerOf),
    new Option('--tcp', 'a TCP connection, without HTTP'),
  ];
}

/** The pair that the command line names. @throws GatehouseError `message_invalid` */
export function pairOf(
  from: string,
  to: string | undefined,
  { port, method, path, host, header, tcp }: PairFlags,
): Pair {
  if (to === undefined) throw new GatehouseError('message_invalid', `${from} asks whom? Name a second workload`);
  const http = {
    method: method ?? 'GET',
    path: path ?? '/',
    ...(host !== undefined && { host }),
    ...(header && { headers: Object.fromEntries(header) }),
  };
  return { from, to, ...(port !== undefined && { port }), ...(tcp !== true && { http }) };
}

function portOf(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new InvalidArgumentError('write a number from 1 to 65535');
  return port;
}

function headerOf(text: string, before: Headers | undefined): Headers {
  const colon = text.indexOf(':', 1);
  if (colon < 0) throw new InvalidArgumentError('write NAME:VALUE');
  return [...(before ?? []), [text.slice(0, colon), text.slice(colon + 1).trim()]];
}
