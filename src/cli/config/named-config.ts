/**
 * The file of a command whose subject is the configuration itself: an operand, or `--config`, or the one that is found.
 * @module
 */
import { Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { configFile, PLACES_TEXT } from './config-option.ts';

/** The option `--config` of such a command. */
export function plainConfigOption(): Option {
  return new Option('-c, --config <file>', `the same as an option (else ${PLACES_TEXT})`);
}

/** The file. @throws GatehouseError `config_invalid` if it is named twice, or not at all and nowhere found */
export function namedConfig(operand: string | undefined, flag: string | undefined): string {
  if (operand === undefined) return configFile(flag);
  if (flag === undefined || flag === operand) return operand;
  throw new GatehouseError('config_invalid', `two files are named, ${operand} and --config ${flag}: name one of them`);
}
