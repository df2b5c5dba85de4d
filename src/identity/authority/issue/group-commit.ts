/**
 * Writes ledger rows in groups: one durable commit for up to 64 rows, at most 5 ms after the first of them (design D14).
 * @module
 */
import { setTimeout as after } from 'node:timers';

/** Collects rows, and writes several of them with one durable commit. */
export interface GroupCommit<Row> {
  /** Resolves with what the commit answered once the row is durable; rejects with what the commit threw. */
  append(row: Row): Promise<number>;
  /** Asks for a commit soon although no row waits. */
  touch(): void;
  /** Resolves when everything that was appended or touched before is written; rejects with what a commit threw. */
  flush(): Promise<void>;
  /** Writes what waits and refuses what comes after. */
  close(): Promise<void>;
}

interface Waiting<Row> {
  readonly row: Row;
  resolve(version: number): void;
  reject(reason: unknown): void;
}

const MAX_ROWS = 64;
const MAX_DELAY_MS = 2;

/** Creates a group commit over `commit`, which is never called twice at once. */
export function createGroupCommit<Row>(commit: (rows: readonly Row[]) => Promise<number>): GroupCommit<Row> {
  const waiting: Waiting<Row>[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let touched = false;
  let closed = false;
  let failure: unknown;

  const write = async (): Promise<void> => {
    failure = undefined;
    while (waiting.length > 0 || touched) {
      const batch = waiting.splice(0, MAX_ROWS);
      touched = false;
      try {
        const version = await commit(batch.map((each) => each.row));
        for (const each of batch) each.resolve(version);
      } catch (thrown) {
        failure = thrown;
        for (const each of batch) each.reject(thrown);
      }
    }
  };
  const start = (): void => {
    clearTimeout(timer);
    timer = undefined;
    running ??= write().finally(() => {
      running = undefined;
      if (waiting.length > 0) schedule();
    });
  };
  const schedule = (): void => {
    if (waiting.length >= MAX_ROWS) start();
    else timer ??= after(start, MAX_DELAY_MS);
  };
  return {
    append: (row) =>
      new Promise((resolve, reject) => {
        if (closed) {
          reject(new Error('the ledger is closed'));
          return;
        }
        waiting.push({ row, resolve, reject });
        schedule();
      }),
    touch() {
      touched = true;
      if (!closed) timer ??= after(start, MAX_DELAY_MS);
    },
    async flush() {
      touched = true;
      start();
      await running;
      if (failure !== undefined) throw failure;
    },
    async close() {
      closed = true;
      start();
      await running;
    },
  };
}
