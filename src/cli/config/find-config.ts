/**
 * Finds the configuration: where the flag says, else where the environment says, else at one of two usual places.
 * @module
 */
import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { GatehouseError } from '../../errors.ts';

/** The variable that says where the configuration is; it says nothing else. */
export const CONFIG_VARIABLE = 'GATEHOUSE_CONFIG';

/** Looked at in turn where nobody says where it is. */
export const USUAL_PLACES = ['./gatehouse.yaml', '/etc/gatehouse/gatehouse.yaml'] as const;

/** A configuration file, and who named it. */
export interface FoundConfig {
  readonly file: string;
  readonly by: '--config' | typeof CONFIG_VARIABLE | 'usual place';
}

/** What may say where it is. */
export interface ToldConfig {
  /** Of the flag. */
  readonly flag?: string | undefined;
  /** Of the environment; empty is not told. */
  readonly variable?: string | undefined;
}

/** Finds it, or nothing. A file that was named is taken without a look: whoever reads it says what is wrong with it. */
export function findConfigIfAny(
  { flag, variable }: ToldConfig,
  places: readonly string[] = USUAL_PLACES,
): FoundConfig | undefined {
  if (flag !== undefined) return { file: flag, by: '--config' };
  if (variable !== undefined && variable !== '') return { file: variable, by: CONFIG_VARIABLE };
  const file = places.find(isThere);
  return file === undefined ? undefined : { file, by: 'usual place' };
}

/** Finds it. @throws GatehouseError `config_invalid` naming every place that was looked at */
export function findConfig(told: ToldConfig, places: readonly string[] = USUAL_PLACES): FoundConfig {
  const found = findConfigIfAny(told, places);
  if (found !== undefined) return found;
  const looked = places.map((each) => resolve(each));
  throw new GatehouseError(
    'config_invalid',
    `no configuration: --config and ${CONFIG_VARIABLE} name none, and there is no ${looked.join(' and no ')}`,
    { looked: ['--config', CONFIG_VARIABLE, ...looked] },
  );
}

/** Also where it cannot be looked at, or leads nowhere: it must not be passed over for the next one. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException; // fs throws nothing else
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}
