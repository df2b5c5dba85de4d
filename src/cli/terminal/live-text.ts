/**
 * Text that stands for the present moment, and is written over by what is said next. Apart, so that only commands that wait load it.
 * @module
 */
import { createLogUpdate } from 'log-update';

/** The last lines of a terminal. */
export interface LiveText {
  /** Shows a text instead of the one before. */
  show(text: string): void;
  /** Takes the text away. */
  clear(): void;
  /** Leaves it standing. */
  keep(): void;
}

/** Live text at the end of a terminal, cut to its height. */
export function liveText(stream: NodeJS.WriteStream): LiveText {
  const update = createLogUpdate(stream, { showCursor: true });
  return { show: update, clear: update.clear, keep: update.done };
}
