/**
 * Options whose text must be a number of something.
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../config/duration.ts';

/** An option that holds milliseconds, written as a duration such as `30s`. */
export function durationOption(flags: string, description: string, usual: string): Option {
  return new Option(flags, description).default(parseDuration(usual), usual).argParser((text) => {
    const ms = parseDuration(text);
    if (ms === undefined) throw new InvalidArgumentError(`${text} is not a duration such as 30s.`);
    return ms;
  });
}

/** An option that holds a whole number from 1 on. */
export function countOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError(`${text} is not a number from 1 on.`);
    return Number(text);
  });
}
