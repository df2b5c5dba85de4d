/**
 * Makes the container image, from scratch: libraries of Debian, Node from its npm package, the built program, and nothing else.
 *
 *     npm run image -- DIRECTORY [CACHE]
 *
 * DIRECTORY becomes an OCI layout, which `skopeo copy oci:DIRECTORY:VERSION docker://…` brings elsewhere. CACHE keeps the packages.
 * @module
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeLayout } from './layout.ts';
import { makeLayers } from './root.ts';

const [directory, cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'gatehouse')] =
  process.argv.slice(2);
if (directory === undefined) {
  console.error('usage: npm run image -- DIRECTORY [CACHE]');
  process.exit(2);
}
if (process.arch !== 'x64' || process.platform !== 'linux') {
  console.error(`the image is made on Linux on x64, not on ${process.platform} on ${process.arch}`);
  process.exit(2);
}
if (existsSync(directory)) {
  console.error(`${directory} is there already: name another, or take it away`);
  process.exit(2);
}
const project = join(dirname(fileURLToPath(import.meta.url)), '../..');
const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { readonly version: string }; // our own
const work = mkdtempSync(join(tmpdir(), 'gh-image-'));
try {
  const layers = makeLayers(project, work, resolve(cache));
  console.log(writeLayout(layers, resolve(directory), version, work));
} finally {
  rmSync(work, { recursive: true, force: true });
}
