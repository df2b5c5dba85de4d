/**
 * Bundles the console's page into `dist/console/` (or the folder that is given).
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Builds the page. */
export async function buildConsole(outdir: string): Promise<void> {
  rmSync(outdir, { recursive: true, force: true }); // scripts that are named after what they hold would stay
  mkdirSync(outdir, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: 'src/console/main.tsx', layout: 'src/console/map/layout.ts', style: 'src/console/style.css' },
    outdir,
    chunkNames: '[name]-[hash]', // its server gives the files of one folder
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const page = readFileSync(join(root, 'src/console/index.html'), 'utf8');
  const links = neededAtOnce(metafile).map((name) => `<link rel="modulepreload" href="/${name}" />\n    `);
  writeFileSync(join(outdir, 'index.html'), page.replace('<script', `${links.join('')}<script`));
}

/** What the page's script imports: fetched beside it, not after it. */
function neededAtOnce({ outputs }: Metafile): readonly string[] {
  const main = Object.values(outputs).find(({ entryPoint }) => entryPoint === 'src/console/main.tsx');
  const found = new Set<string>();
  const look = (output: Metafile['outputs'][string] | undefined): void => {
    for (const { path, kind } of output?.imports ?? []) {
      if (kind !== 'import-statement' || found.has(path)) continue;
      found.add(path);
      look(outputs[path]);
    }
  };
  look(main);
  return [...found].map((path) => basename(path));
}
