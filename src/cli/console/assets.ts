/**
 * The files of the page, as the build has made them.
 * @module
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatehouseError } from '../../errors.ts';

export interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
}

const types: ReadonlyMap<string, string> = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
]);

/** `console/` beside the built program, or in `dist` beside the sources. */
const places = [join(import.meta.dirname, '../console'), join(import.meta.dirname, '../../../dist/console')];

/** Reads them all. @returns by path, `/` too @throws GatehouseError `not_found` where they were not built */
export function readAssets(): ReadonlyMap<string, Asset> {
  const place = places.find((each) => existsSync(join(each, 'index.html')));
  if (place === undefined)
    throw new GatehouseError('not_found', `the page was not built: \`npm run build\` makes ${places[1]}`);
  const assets = new Map<string, Asset>();
  for (const name of readdirSync(place)) {
    const type = types.get(name.slice(name.lastIndexOf('.') + 1));
    if (type !== undefined) assets.set(`/${name}`, { type, bytes: readFileSync(join(place, name)) });
  }
  assets.set('/', assets.get('/index.html')!); // it is there
  return assets;
}
