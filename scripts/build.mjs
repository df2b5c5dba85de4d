#!/usr/bin/env node
/**
 * Bundles the program into `dist/` (or the folder that is given): few files start in half the time of 700.
 *
 * What is shared lies in `chunks/`, one folder below, as rooms lie below `src/`: so a path that a file of a room makes from its own place holds in both.
 */
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildConsole } from './build-console.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outdir = process.argv[2] ?? join(root, 'dist');

rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [
    'src/main.ts',
    ...readdirSync(join(root, 'src/server/entries')).map((file) => `src/server/entries/${file}`),
    'src/cli/console/worker-main.ts',
  ],
  outbase: 'src',
  outdir,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  external: ['koffi'], // has a native part
  banner: {
    js: `import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);`, // for CommonJS packages
  },
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
});

await buildConsole(join(outdir, 'console'));

// Of a CommonJS package that is imported when it is needed only `default` is there in a bundle: import it statically, in a file of its own.
const wrong = Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
  imports
    .filter(
      ({ kind, path, external }) => kind === 'dynamic-import' && !external && metafile.inputs[path]?.format === 'cjs',
    )
    .map(({ original }) => `${file}: import('${original}') of a CommonJS package loses its names in a bundle`),
);
if (wrong.length > 0) {
  console.error(wrong.join('\n'));
  process.exit(1);
}
