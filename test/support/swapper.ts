/**
 * A hostile neighbour: another user who owns a directory, and swaps whatever appears in it for a link to something else.
 * @module
 */
import { asUser } from './as-user.ts';
import { startChild } from './child.ts';

/** Goes on until it is disposed; it uses a whole processor meanwhile. */
export async function startSwapper(uid: number, directory: string, target: string): Promise<AsyncDisposable> {
  const script = `
    const fs = require('node:fs');
    const [, directory, target] = process.argv;
    console.log('ready');
    for (let i = 0; ; i++) {
      for (const name of fs.readdirSync(directory)) {
        if (name.startsWith('aside-')) continue;
        try {
          if (fs.lstatSync(directory + '/' + name).isSymbolicLink()) continue;
          fs.renameSync(directory + '/' + name, directory + '/aside-' + i + '-' + process.hrtime.bigint());
          fs.symlinkSync(target, directory + '/' + name);
        } catch {}
      }
    }`;
  const child = startChild(...asUser(uid, uid, [process.execPath, '-e', script, directory, target]));
  await new Promise<void>((resolve) => child.onLine(() => resolve()));
  return child;
}
