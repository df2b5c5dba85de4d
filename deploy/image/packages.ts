/**
 * The packages of Debian 12 whose libraries Node needs, by version and hash, and which files of them.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package, and what of it goes into the image. */
export interface Pinned {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** Below its root. */
  readonly files: readonly string[];
}

const lib = (...names: readonly string[]): string[] => names.map((name) => `lib/x86_64-linux-gnu/${name}`);
const usrLib = (...names: readonly string[]): string[] => names.map((name) => `usr/lib/x86_64-linux-gnu/${name}`);

export const packages: readonly Pinned[] = [
  {
    name: 'libc6',
    version: '2.36-9+deb12u14',
    sha256: 'ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf',
    files: [
      'lib64/ld-linux-x86-64.so.2',
      ...lib('ld-linux-x86-64.so.2', 'libc.so.6', 'libdl.so.2', 'libm.so.6', 'libpthread.so.0', 'librt.so.1'),
      // Names of hosts and users.
      ...lib('libresolv.so.2', 'libnss_dns.so.2', 'libnss_files.so.2'),
      'usr/share/doc/libc6/copyright',
    ],
  },
  {
    name: 'libgcc-s1',
    version: '12.2.0-14+deb12u1',
    sha256: '3016e62cb4b7cd8038822870601f5ed131befe942774d0f745622cc77d8a88f7',
    files: lib('libgcc_s.so.1'),
  },
  {
    name: 'libstdc++6',
    version: '12.2.0-14+deb12u1',
    sha256: '5cd3171216d4ab0fc911cfe9c35509bf2dd8f47761c43b7f6a4296701551a24d',
    files: usrLib('libstdc++.so.6', 'libstdc++.so.6.0.30'),
  },
];

/**
 * Unpacks one, fetched by apt unless `cache` has it.
 *
 * @returns the folder of its files
 * @throws Error  it cannot be had, or is not the one that is pinned
 */
export function unpacked({ name, version, sha256 }: Pinned, cache: string, into: string): string {
  mkdirSync(cache, { recursive: true });
  const file = join(cache, `${name}_${version}_amd64.deb`);
  if (!existsSync(file)) run('apt-get', ['-qq', 'download', `${name}:amd64=${version}`], cache);
  const found = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (found !== sha256) throw new Error(`${file} has the hash ${found}, not ${sha256}: delete it, or pin what it is`);
  const folder = join(into, name);
  mkdirSync(folder, { recursive: true });
  run('dpkg-deb', ['--extract', file, folder], cache);
  return folder;
}

/** Runs a program to its end. @throws Error with what it said */
export function run(program: string, args: readonly string[], cwd: string, env = process.env): void {
  const { status, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8' });
  if (error) throw new Error(`${program} cannot be run: ${error.message}`, { cause: error });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}:\n${stderr}`);
}
