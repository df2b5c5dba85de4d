/**
 * Commands of one server, run to their ends.
 * @module
 */
import { startChild } from './child.ts';
import { gatehouseCommand } from './run-gatehouse.ts';

export interface CommandEnd {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/** A function that runs a `gatehouse` command under that configuration. */
export const commandLineOf =
  (config: string) =>
  async (...args: readonly string[]): Promise<CommandEnd> => {
    await using child = startChild(...gatehouseCommand(...args, '--config', config));
    const code = await child.ended;
    return { code, out: child.stdout(), err: child.stderr() };
  };
