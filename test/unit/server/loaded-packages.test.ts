import assert from 'node:assert/strict';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../../..');
const SERVER = 'src/server/server.ts';
const SERVE = ['src/cli/serve/serve-command.ts', 'src/config/read-config.ts', 'src/platform/observe/log.ts'];
const DECIDER = 'src/server/decider/decider.ts';

/** Packages that are loaded with a module of ours, whatever is configured. */
async function packagesOf(...entryPoints: readonly string[]): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...entryPoints],
    outdir: 'nowhere',
    write: false,
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    metafile: true,
    logLevel: 'silent',
  });
  const begun = Object.entries(metafile.outputs).filter(([, { entryPoint }]) => entryPoints.includes(entryPoint ?? ''));
  const seen = new Set<string>();
  const packages = new Set<string>();
  const look = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { path, kind, external } of metafile.outputs[file]?.imports ?? []) {
      if (kind !== 'import-statement') continue;
      if (!external) look(path);
      else if (!path.startsWith('node:')) packages.add(/^(?:@[^/]+\/)?[^/]+/.exec(path)![0]);
    }
  };
  for (const [file] of begun) look(file);
  return [...packages].sort();
}

describe('a start', () => {
  it('of a primary loads no package that only some configurations need: no grpc-js, node-forge, PostgreSQL, undici', async () =>
    assert.deepEqual(await packagesOf(...SERVE, SERVER), [
      ...['@bufbuild/protobuf', 'commander', 'jose', 'koffi', 'pino', 'prom-client', 'yaml', 'zod'],
    ]));
  it('of a decider loads fewer', async () =>
    assert.deepEqual(await packagesOf(DECIDER), ['@bufbuild/protobuf', 'jose', 'koffi']));
});
