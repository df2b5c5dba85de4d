/**
 * Naming the configuration file on the command line.
 * @module
 */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { CONFIG_VARIABLE, type FoundConfig, findConfig, findConfigIfAny, USUAL_PLACES } from './find-config.ts';

/** What the option `--config` says. */
export interface ConfigFlag {
  readonly config: string;
}

/** Where a configuration is looked for, for the help of commands. */
export const PLACES_TEXT = [CONFIG_VARIABLE, ...USUAL_PLACES].join(', ');

const lookedFor = new WeakSet<Option>();

/** The option `--config`; without it the file is found when it is first asked for. */
export function configOption(): Option {
  const option = new Option('-c, --config <file>', `configuration file (else ${PLACES_TEXT})`);
  lookedFor.add(option);
  return option;
}

/** A file that no flag named, for people. */
export function textOfFound({ file, by }: FoundConfig): string {
  return `the configuration is ${resolve(file)}${by === CONFIG_VARIABLE ? ` (${by})` : ''}`;
}

/** The file that was told, else the one that is found. @throws GatehouseError `config_invalid` naming where it was looked for */
export function configFile(flag: string | undefined): string {
  return findConfig({ flag, variable: process.env[CONFIG_VARIABLE] }).file;
}

/** The file that commands take which can do without: the one that was told, else the one that is found. */
export function configIfAny(flag: string | undefined): string | undefined {
  return findConfigIfAny({ flag, variable: process.env[CONFIG_VARIABLE] })?.file;
}

/**
 * The flags of a command with `configOption`, whose `config` is looked for when it is first read: a command that needs no
 * configuration, since its other flags say all, wants none.
 *
 * @param taken  is told once of a file that no flag named
 */
export function withFoundConfig<F extends object>(flags: F, command: Command, taken: (found: FoundConfig) => void): F {
  if (Reflect.get(flags, 'config') !== undefined || !command.options.some((each) => lookedFor.has(each))) return flags;
  let found: FoundConfig | undefined;
  return Object.defineProperty({ ...flags }, 'config', {
    enumerable: true,
    get() {
      if (found === undefined) {
        found = findConfig({ variable: process.env[CONFIG_VARIABLE] });
        taken(found);
      }
      return found.file;
    },
  });
}
