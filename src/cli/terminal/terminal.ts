/**
 * What a command may touch of the outside: two streams and an exit code. Tests bring their own.
 * @module
 */
import { printableLines } from '../../lib/printable.ts';
import type { LiveText } from './live-text.ts';
import { type Look, lookOf, printableStyled } from './look.ts';

/** 0 yes or done, 1 no, denied, refused or different, 2 could not say. */
export type ExitCode = 0 | 1 | 2;

/** Where a command writes, and how it ends. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  exit(code: ExitCode): void;
  /** How wide `out` is, and whether it has colour; absent: plain. */
  readonly look?: Look;
  /** Like `out`, for texts that may have the colours of `look`; absent: there are none. */
  paint?(text: string): void;
  /** Text at the end of `out` that what is said next writes over; absent where nobody looks. */
  live?(): Promise<LiveText>;
  /** Says in one line of `err` how far something is, in place of what it said before; absent where nobody looks. */
  progress?(line: string): void;
}

/** The same terminal, which only shows what it is given: nothing that comes from outside moves its cursor or hides. */
export function showingOnly({ out, err, exit, look, live, progress }: Terminal): Terminal {
  return {
    out: (text) => out(printableLines(text)),
    err: (text) => err(printableLines(text)),
    exit,
    ...(progress && { progress: (line) => progress(printableLines(line)) }),
    ...(look && { look, paint: (text) => out(printableStyled(text)) }),
    ...(live && {
      live: async () => {
        const text = await live();
        return { ...text, show: (shown) => text.show(printableStyled(shown)) };
      },
    }),
  };
}

/**
 * The process's own streams. A reader that goes away (`| head`) ends the program quietly; output that cannot be written for another
 * reason, as on a full disk, was not given, and the program could not say.
 */
export function processTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    process.stderr.write(`gatehouse: the output cannot be written: ${error.message}\n`);
    process.exit(2);
  });
  process.stderr.on('error', () => undefined); // nobody is left who could be told
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    exit: (code) => {
      process.exitCode = code;
    },
    look: lookOf(process.stdout, process.env),
    ...(process.stdout.isTTY && {
      live: async () => (await import('./live-text.ts')).liveText(process.stdout),
    }),
    ...(process.stderr.isTTY && { progress: (line) => void process.stderr.write(`\r\u001b[K${line}`) }),
  };
}
