/**
 * A terminal that remembers what a command said.
 * @module
 */
import type { Terminal } from '../../src/cli/terminal/terminal.ts';

export interface RecordingTerminal extends Terminal {
  readonly said: { out: string; err: string; code: number };
}

/** Makes one that has heard nothing; its code is -1 until the command ends. */
export function recordingTerminal(): RecordingTerminal {
  const said = { out: '', err: '', code: -1 };
  return {
    said,
    out(text) {
      said.out += text;
    },
    err(text) {
      said.err += text;
    },
    exit(code) {
      said.code = code;
    },
  };
}
