/**
 * Where the lines of the log are written: a descriptor, synchronously. A disk that is full, or a reader that has gone, takes
 * nothing else with it: what is served goes on, and lines wait for room.
 * @module
 */

/** So much waits for room; lines that come on top of it are lost, and counted. */
const MOST_WAITING_BYTES = 1024 * 1024;
/** How often, and after how many milliseconds, a descriptor is asked again that is only busy. */
const BUSY_TRIES = 100;
const BUSY_MS = 10;

/** Takes lines, each with its newline; never throws. */
export interface LogOutput {
  write(line: string): void;
}

/**
 * Creates the output of one descriptor. Once it takes lines again, one says how many were lost.
 *
 * @param write  stands for the descriptor: answers how many bytes it took, or throws
 */
export function createLogOutput(write: (bytes: Buffer) => number): LogOutput {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let lost = 0;
  let why = '';

  function add(bytes: Buffer): void {
    waiting.push(bytes);
    waitingBytes += bytes.length;
  }

  /** Whether nothing waits any more. */
  function flush(): boolean {
    let done = 0;
    for (let tries = 0; done < waiting.length; ) {
      const bytes = waiting[done]!; // below its length
      try {
        const taken = write(bytes);
        waitingBytes -= taken;
        if (taken === bytes.length) done += 1;
        else waiting[done] = bytes.subarray(taken);
      } catch (thrown) {
        why = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown';
        if (why !== 'EAGAIN' || ++tries > BUSY_TRIES) break;
        pause(BUSY_MS);
      }
    }
    waiting = done === waiting.length ? [] : waiting.slice(done);
    return waiting.length === 0;
  }

  return {
    write(line) {
      const takes = flush();
      if (takes && lost > 0) {
        add(Buffer.from(`${JSON.stringify(lostLine(lost, why))}\n`));
        lost = 0;
      }
      const bytes = Buffer.from(line);
      if (waitingBytes + bytes.length > MOST_WAITING_BYTES) lost += 1;
      else add(bytes);
      if (takes) flush();
    },
  };
}

const lostLine = (lines: number, why: string): object => ({
  level: 'warn',
  time: new Date().toISOString(),
  code: 'log_lines_lost',
  lines,
  message: `${lines} lines of the log were lost before this one: its output took none (${why})`,
});

const pause = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
