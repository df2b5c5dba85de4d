/**
 * Options whose text must be a number of something, within bounds: what has no meaning is refused with the option's name.
 * @module
 */
import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../config/duration.ts';

interface DurationBounds {
  /** If it is not given; absent: undefined. */
  readonly usual?: string;
  readonly least: string;
  readonly most: string;
}

/** The longest that one timer of Node can wait, in whole days. */
export const LONGEST_WAIT = '24d';

/** An option that holds milliseconds, written as a duration such as `30s`. */
export function durationOption(flags: string, description: string, { usual, least, most }: DurationBounds): Option {
  const option = new Option(flags, description).argParser((text) => {
    const ms = parseDuration(text);
    if (ms === undefined || ms < parseDuration(least)! || ms > parseDuration(most)!) {
      throw new InvalidArgumentError(`${text} is not a duration such as 30s, from ${least} to ${most}.`);
    }
    return ms;
  });
  return usual === undefined ? option : option.default(parseDuration(usual), usual);
}

/** An option that holds a whole number from 1 on. */
export function countOption(
  flags: string,
  description: string,
  { usual, most }: { readonly usual?: number; readonly most?: number } = {},
): Option {
  const option = new Option(flags, description).argParser((text) => {
    const count = /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : 0;
    if (count === 0 || (most !== undefined && count > most)) {
      throw new InvalidArgumentError(`${text} is not a number from 1 ${most === undefined ? 'on' : `to ${most}`}.`);
    }
    return count;
  });
  return usual === undefined ? option : option.default(usual);
}
