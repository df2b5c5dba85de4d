/**
 * Options that the commands of JWT-SVIDs share.
 * @module
 */
import { Option } from 'commander';
import { durationOption, LONGEST_WAIT } from '../terminal/number-options.ts';

/** How long to wait for the answer, in milliseconds. */
export function timeoutOption(): Option {
  return durationOption('--timeout <duration>', 'how long to wait for the answer', {
    usual: '10s',
    least: '1ms',
    most: LONGEST_WAIT,
  });
}

/** For whom a token is; as often as needed. */
export function audienceOption(): Option {
  return new Option('--audience <audience>', 'for whom the token is; as often as needed')
    .argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text])
    .makeOptionMandatory();
}
