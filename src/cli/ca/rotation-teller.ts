/**
 * Says how a rotation goes on: JSON for programs, a live list on a terminal, elsewhere one line where something changes.
 * @module
 */
import type { Verb } from '../../admin-api/authorities.ts';
import type { GateDetails } from '../../admin-api/errors.ts';
import { allOnOneLine } from '../../lib/printable.ts';
import type { LiveText } from '../terminal/live-text.ts';
import { type Look, plainLook } from '../terminal/look.ts';
import { jsonText, type OutputFormat, paint } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { blockerTable, etaText } from './blockers.ts';

type Text<T> = (shown: T, look: Look) => string;

/** Who is in the way of a step. */
export interface Waiting extends Pick<GateDetails, 'blockers' | 'blockerCount' | 'etaSeconds'> {
  readonly event: 'waiting' | 'timeout';
  readonly verb: Verb;
  readonly done: false;
  readonly code: 'rotation_blocked';
}

/** Hears what a rotation does. */
export interface Teller {
  /** Something that happened: it stays. */
  event<T extends object>(document: T, text: Text<T>): void;
  /** How things are: said over what it said before, or when it has changed. */
  waiting(document: Waiting): void;
}

/** Elsewhere than on a terminal what only changes in its numbers is said at most this often. */
const SAY_EVERY_MS = 10_000;
const MOST_NAMED = 3;

/** Makes the teller for where the output goes. */
export async function createTeller(
  terminal: Terminal,
  format: OutputFormat,
  nowMs: () => number = Date.now,
): Promise<Teller> {
  if (format === 'json') return jsonTeller(terminal);
  return terminal.live === undefined ? lineTeller(terminal, nowMs) : liveTeller(terminal, await terminal.live(), nowMs);
}

function jsonTeller(terminal: Terminal): Teller {
  let last = '';
  return {
    event(document) {
      last = '';
      terminal.out(jsonText(document));
    },
    waiting(document) {
      const { event, blockers } = document;
      const now = JSON.stringify([event, blockers.map(({ consumer, serial, grade }) => [consumer, serial, grade])]);
      if (now !== last) terminal.out(jsonText(document));
      last = now;
    },
  };
}

function lineTeller(terminal: Terminal, nowMs: () => number): Teller {
  let said = { verb: '', blockerCount: -1, atMs: Number.NEGATIVE_INFINITY };
  return {
    event: (document, text) => say(terminal, document, text),
    waiting(document) {
      const { event, verb, blockerCount } = document;
      if (event === 'timeout') {
        say(terminal, document, (shown, look) => waitingTable(shown, nowMs(), look));
        return;
      }
      const isNews = verb !== said.verb || (blockerCount !== said.blockerCount && nowMs() - said.atMs >= SAY_EVERY_MS);
      if (!isNews) return;
      said = { verb, blockerCount, atMs: nowMs() };
      say(terminal, document, waitingLine);
    },
  };
}

function liveTeller(terminal: Terminal, live: LiveText, nowMs: () => number): Teller {
  return {
    event(document, text) {
      live.clear();
      say(terminal, document, text);
    },
    waiting(document) {
      live.show(waitingTable(allOnOneLine(document), nowMs(), terminal.look ?? plainLook));
      if (document.event === 'timeout') live.keep();
    },
  };
}

function say<T extends object>(terminal: Terminal, document: T, text: Text<T>): void {
  paint(terminal, text(allOnOneLine(document), terminal.look ?? plainLook));
}

function waitingTable(waiting: Waiting, nowMs: number, look: Look): string {
  return `${heading(waiting)}\n${blockerTable(waiting, nowMs, look)}`;
}

function waitingLine(waiting: Waiting): string {
  const { blockers, blockerCount, etaSeconds } = waiting;
  const named = blockers.slice(0, MOST_NAMED).map((each) => each.spiffeId || each.consumer || each.protocol);
  const more = blockerCount > named.length ? [`${blockerCount - named.length} more`] : [];
  return `${heading(waiting)}: ${[...named, ...more].join(', ')}; ${etaText(etaSeconds)}\n`;
}

const heading = ({ event, verb, blockerCount }: Waiting): string =>
  `${event === 'timeout' ? 'stopped waiting' : 'waiting'} to ${verb}: ${blockerCount} in the way`;
