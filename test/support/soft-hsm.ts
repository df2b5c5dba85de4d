/**
 * SoftHSM 2 of Debian: a token in a directory of its own, set up by the commands that docs/hardware-keys.md shows.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './run-gatehouse.ts';

/** A token; our processes find it while it is not disposed. */
export interface SoftHsm extends Disposable {
  /** As `authority.keyStore` wants it. */
  readonly keyStore: {
    readonly pkcs11: { readonly module: string; readonly tokenLabel: string; readonly pinFile: string };
  };
  readonly pin: string;
  /** How many objects are on it, by its own files. */
  objects(): number;
  takeAway(): void;
  bringBack(): void;
  /** Makes another token beside it. */
  another(label: string): void;
}

/** The file that Debian's package has. */
export const softHsmModule = '/usr/lib/softhsm/libsofthsm2.so';

/** The block of shell commands in the page. */
function documentedCommands(): string {
  const page = readFileSync(join(projectRoot, 'docs/hardware-keys.md'), 'utf8');
  return /```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
}

/** Makes it in a directory. @throws Error where SoftHSM is not installed: apt-get install softhsm2 */
export function softHsm(directory: string): SoftHsm {
  const shell = (script: string): void => {
    const { status, stderr } = spawnSync('sh', ['-eu', '-c', script], { cwd: directory, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${script}\n${stderr}`);
  };
  if (!existsSync(softHsmModule)) throw new Error(`${softHsmModule} is not there: apt-get install softhsm2`);
  shell(documentedCommands());
  const [tokens, away] = [join(directory, 'tokens'), join(directory, 'tokens-away')];
  const before = process.env['SOFTHSM2_CONF'];
  process.env['SOFTHSM2_CONF'] = join(directory, 'softhsm2.conf');
  const pinFile = join(directory, 'pin');
  return {
    keyStore: { pkcs11: { module: softHsmModule, tokenLabel: 'gatehouse', pinFile } },
    pin: readFileSync(pinFile, 'utf8'),
    objects: () => globSync(join(existsSync(tokens) ? tokens : away, '*', '*.object')).filter(isNoToken).length,
    takeAway: () => renameSync(tokens, away),
    bringBack: () => renameSync(away, tokens),
    another: (label) => shell(`softhsm2-util --init-token --free --label ${label} --pin 4711 --so-pin 47114711`),
    [Symbol.dispose]() {
      if (before === undefined) delete process.env['SOFTHSM2_CONF'];
      else process.env['SOFTHSM2_CONF'] = before;
    },
  };
}

/** SoftHSM writes down in that file what it knows of the token itself. */
const isNoToken = (file: string): boolean => !file.endsWith('/token.object');
