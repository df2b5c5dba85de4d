/**
 * Naming the configuration file on the command line.
 * @module
 */
import { Option } from 'commander';

/** What the option `--config` says. */
export interface ConfigFlag {
  readonly config: string;
}

/** The option `--config`; the file in the current directory unless told. */
export function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file').default('gatehouse.yaml');
}
