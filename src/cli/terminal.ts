/**
 * What a command may touch of the outside: two streams and an exit code. Tests bring their own.
 * @module
 */

/** 0 yes or done, 1 no, denied, refused or different, 2 could not say. */
export type ExitCode = 0 | 1 | 2;

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  exit(code: ExitCode): void;
}

/** The process's own streams. A reader that goes away (`| head`) ends the program quietly. */
export function processTerminal(): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    throw error;
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    exit: (code) => {
      process.exitCode = code;
    },
  };
}
