/**
 * Regions in words, for people: `GET, HEAD on /v1/* except /v1/admin*, port 8080, with mTLS`.
 * @module
 */
import type { ShownPattern } from '../regions/describe.ts';
import type { Interval } from '../regions/intervals.ts';
import type { Box } from '../regions/shown-region.ts';

/** A region in one line. */
export function regionText(boxes: readonly Box[]): string {
  return boxes.map(boxText).join('; or ');
}

function boxText(box: Box): string {
  const parts = [
    requestText(box),
    box.hosts || box.notHosts ? `host ${listText(box.hosts, box.notHosts, 'any')}` : '',
    portText(box),
    box.mtls === undefined ? '' : box.mtls ? 'with mTLS' : 'without a certificate',
    ...(box.conditions ?? []).map(({ text }) => text),
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'everything' : parts.join(', ');
}

function requestText({ kinds, protocols, methods, notMethods, paths, notPaths }: Box): string {
  const methodText = methods || notMethods ? listText(methods, notMethods, 'any method') : '';
  const pathText = paths || notPaths ? `on ${listText(paths, notPaths, 'any path')}` : '';
  const asked = [methodText, pathText].filter((part) => part !== '').join(' ');
  if (asked !== '') return asked;
  const over = protocols === undefined ? '' : protocols.join(', ');
  if (kinds === undefined) return over;
  return kinds.includes('http') ? 'HTTP' : `connections${over === '' ? '' : ` over ${over}`}`;
}

const patternText = (pattern: ShownPattern): string => (typeof pattern === 'string' ? pattern : '(a pattern)');

function listText(
  some: readonly ShownPattern[] | undefined,
  none: readonly ShownPattern[] | undefined,
  all: string,
): string {
  const own = some === undefined ? all : some.map(patternText).join(', ');
  return none === undefined ? own : `${own} except ${none.map(patternText).join(', ')}`;
}

function portText({ ports, notPorts }: Box): string {
  if (ports !== undefined) return `port${isOne(ports) ? '' : 's'} ${intervalsText(ports)}`;
  return notPorts === undefined ? '' : `any port except ${intervalsText(notPorts)}`;
}

const isOne = (intervals: readonly Interval[]): boolean =>
  intervals.length === 1 && intervals[0]![0] === intervals[0]![1];

const intervalsText = (intervals: readonly Interval[]): string =>
  intervals.map(([lo, hi]) => (lo === hi ? `${lo}` : `${lo}-${hi}`)).join(', ');
