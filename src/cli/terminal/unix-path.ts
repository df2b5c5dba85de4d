/**
 * Sockets as the command line names them.
 * @module
 */
import { GatehouseError } from '../../errors.ts';

/**
 * The path of `unix:PATH`, `unix:///PATH` or a bare path.
 *
 * @param option  that said it, e.g. `--admin`
 * @param also  what else that option takes, after `unix:PATH`
 * @throws GatehouseError `config_invalid` for another scheme, or `HOST:PORT`: no file is meant there
 */
export function unixPath(option: string, address: string, also = ''): string {
  const path = address.replace(/^unix:(\/\/(?=\/))?/, '');
  if (path !== '' && (address.startsWith('unix:') || !address.includes(':'))) return path;
  throw new GatehouseError('config_invalid', `${option}: ${JSON.stringify(address)} is not unix:PATH${also}`, {
    option,
    address,
  });
}
