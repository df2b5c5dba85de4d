/**
 * Says from time to time how far an answer is.
 * @module
 */
import type { Terminal } from '../../terminal/terminal.ts';

const PROGRESS_MS = 200;

/** What hears how much is done; undefined where nobody looks. */
export function shownProgress(terminal: Terminal, what: string): ((done: number, of: number) => void) | undefined {
  const { progress } = terminal;
  if (progress === undefined) return undefined;
  let shownAtMs = 0;
  return (done, of) => {
    const nowMs = performance.now();
    if (nowMs - shownAtMs < PROGRESS_MS) return;
    shownAtMs = nowMs;
    progress(`${what}: ${done} of ${of}`);
  };
}
