/**
 * The page that shows the demo's Gatehouse.
 * @module
 */
import { join } from 'node:path';
import { buildConsole } from '../../scripts/build-console.ts';
import { startChild } from '../../test/support/child.ts';
import { gatehouseCommand, projectRoot } from '../../test/support/run-gatehouse.ts';
import type { Mesh } from './mesh.ts';

export interface ShownConsole extends AsyncDisposable {
  readonly url: string;
}

/** Builds the page and serves it. @throws Error with what the console said, if it ends */
export async function showConsole({ configFile }: Pick<Mesh, 'configFile'>): Promise<ShownConsole> {
  await buildConsole(join(projectRoot, 'dist/console'));
  const child = startChild(...gatehouseCommand('console', '--config', configFile, '--output', 'json'));
  const url = await new Promise<string>((resolve, reject) => {
    child.onLine((line) => resolve((JSON.parse(line) as { readonly url: string }).url)); // its only line
    void child.ended.then((how) => reject(new Error(`gatehouse console ended (${how}): ${child.stderr()}`)));
  });
  return { url, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
