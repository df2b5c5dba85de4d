/**
 * The stream of decisions, for as long as the page is open: the latest, what was missed, and whether the server is there.
 * @module
 */
import { signal } from '@preact/signals';
import type { DecisionRow } from '../../admin-api/decisions.ts';
import type { StreamEvent } from '../../admin-api/stream.ts';
import { withNewest } from '../model/ring.ts';
import { ask } from './ask.ts';
import { noteServerTime } from './clock.ts';
import { Refused, send, session } from './session.ts';

type Followed =
  | StreamEvent
  | { readonly type: 'away'; readonly why: string }
  | { readonly type: 'here' }
  | { readonly type: 'refused'; readonly code: string; readonly why: string };

export type State = Extract<StreamEvent, { type: 'state' }>;

/** Rows that the page keeps. */
export const MOST_ROWS = 5_000;
const RETRY_MS = 1_000;
/** However fast they come: nobody reads faster. */
const DRAW_EVERY_MS = 250;

/** Newest first. */
export const rows = signal<readonly DecisionRow[]>([]);
export const state = signal<State | undefined>(undefined);
export const CONNECTING = 'connecting';
/** Why nothing comes; empty: it does. */
export const away = signal(CONNECTING);
/** Decisions that came and are not among the rows, where their number is known. */
export const missed = signal(0);
/** The totals of the server when the page began to listen: allowed and denied. */
export const begun = signal<number | undefined>(undefined);
export const shown = signal(0);

let next: string | undefined;
let coming: DecisionRow[] = [];
let isDrawing = false;
let drawnAtMs = Number.NEGATIVE_INFINITY;

/** Follows until the page goes, or its session ends. Out: the latest decisions are there, or why they are not. */
export function follow(): Promise<void> {
  const latest = readLatest();
  void latest.then(goOn);
  return latest;
}

async function goOn(): Promise<void> {
  while (session.value !== undefined) {
    try {
      const response = await send('/stream', next === undefined ? {} : { after: next });
      for await (const event of linesOf(response)) hear(event as Followed);
      away.value = 'the console has ended the stream';
    } catch (thrown) {
      away.value = (thrown as Error).message;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** What was decided before the page was opened. */
async function readLatest(): Promise<void> {
  try {
    const { decisions, next: behind } = await ask('GET /v1/decisions', { limit: 200 });
    rows.value = decisions;
    shown.value = decisions.length;
    next = behind;
    away.value = '';
  } catch (thrown) {
    away.value = (thrown as Error).message;
  }
}

function hear(event: Followed): void {
  if (event.type === 'away' || event.type === 'refused') away.value = event.why;
  else {
    away.value = '';
    if (event.type === 'state') hearState(event);
    else if (event.type === 'decisions') {
      next = event.next;
      missed.value += event.missed ?? 0;
      coming.push(...event.decisions);
      if (coming.length > MOST_ROWS) coming = coming.slice(-MOST_ROWS);
      if (isDrawing) return;
      isDrawing = true;
      setTimeout(show, Math.max(0, drawnAtMs + DRAW_EVERY_MS - performance.now()));
    } else if (event.type === 'beat') next = event.next;
  }
}

function hearState(event: State): void {
  state.value = event;
  noteServerTime(event.at);
  const total = (event.allowed ?? 0) + (event.denied ?? 0);
  if (begun.value === undefined || total < begun.value) begun.value = total - shown.value; // another server, or the first word of this one
}

function show(): void {
  isDrawing = false;
  drawnAtMs = performance.now();
  shown.value += coming.length;
  rows.value = withNewest(rows.value, coming, MOST_ROWS);
  coming = [];
}

async function* linesOf(response: Response): AsyncGenerator<unknown> {
  if (response.body === null) throw new Refused('unreachable', 'the stream has no body');
  let rest = '';
  const decoder = new TextDecoder();
  for await (const piece of response.body) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
}
