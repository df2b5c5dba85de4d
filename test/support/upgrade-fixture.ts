/**
 * What older builds left on disk (test/fixtures/upgrade), unpacked beside a configuration of today.
 * @module
 */
import { createHash } from 'node:crypto';
import { cpSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startChild } from './child.ts';
import { projectRoot } from './run-gatehouse.ts';
import { type TempDir, tempDir } from './temp-dir.ts';

const fixtures = join(projectRoot, 'test/fixtures/upgrade');

/** Every build that left something. */
export const builds = globSync('*/expected.json', { cwd: fixtures }).map((file) => file.split('/')[0]!);

/** What the build itself said of a store, just before it stopped. */
export interface ExpectedStore {
  readonly sequence: number;
  readonly x509: readonly { readonly id: string; readonly slot: string }[];
  readonly jwt: readonly { readonly id: string; readonly slot: string }[];
  readonly ledger: readonly { readonly serial: string; readonly spiffeId: string; readonly authorityId: string }[];
  readonly revocations: { readonly sequence: number; readonly rows: readonly object[] };
  readonly audit: number;
  /** PEM, of the tainted and of the active authority. */
  readonly svids: { readonly tainted: string; readonly active: string };
}

export type StoreName = 'plain' | 'wrapped' | 'postgres' | 'elsewhere';

export const fixture = (build: string, name: string): string => join(fixtures, build, name);

export const expectedOf = (build: string, store: StoreName): ExpectedStore =>
  (JSON.parse(readFileSync(fixture(build, 'expected.json'), 'utf8')) as Record<StoreName, ExpectedStore>)[store]; // its README says so

export interface UpgradeDir extends TempDir {
  readonly config: string;
  /** Writes the configuration that the fixtures were made with, and whatever differs. */
  configure(differs?: object, authority?: object): void;
}

/** @param archive  e.g. `plain.tar.gz`; undefined: no data directory yet */
export async function upgradeDir(build: string, archive?: string): Promise<UpgradeDir> {
  const dir = await tempDir('gh-up-');
  mkdirSync(dir.at('policies'));
  writeFileSync(dir.at('policies/all.yaml'), everybody);
  cpSync(fixture(build, 'key'), dir.at('key'));
  if (archive !== undefined) {
    await using tar = startChild('tar', ['xzf', fixture(build, archive), '-C', dir.path]);
    if ((await tar.ended) !== 0) throw new Error(tar.stderr());
  }
  const made: UpgradeDir = {
    ...dir,
    config: dir.at('gatehouse.yaml'),
    configure: (differs = {}, authority = {}) =>
      writeFileSync(dir.at('gatehouse.yaml'), stringify({ ...configuration(authority), ...differs })),
  };
  made.configure();
  return made;
}

const everybody = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: all, namespace: default }
spec: { rules: [{}] }
`;

const configuration = (authority: object) => ({
  trustDomain: 'cluster.local',
  listen: { extAuthz: '127.0.0.1:0', health: '127.0.0.1:0' },
  entries: ['details', 'reviews'].map((name) => ({
    spiffeId: `spiffe://cluster.local/ns/default/sa/${name}`,
    selectors: [name === 'details' ? `unix:uid:${process.getuid!()}` : 'unix:user:nobody'],
  })),
  authority: {
    x509AuthorityTtl: '36500d',
    jwtAuthorityTtl: '36500d',
    x509SvidTtl: '17000d',
    ledgerRetention: '36500d',
    ...authority,
  },
});

/** Every file below: path, mode, and the hash of its content. */
export function everyFile(directory: string): readonly string[] {
  return globSync('**/*', { cwd: directory })
    .map((name) => ({ name, status: statSync(join(directory, name)) }))
    .filter(({ status }) => status.isFile())
    .map(({ name, status }) => {
      const content = createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex');
      return `${name} ${(status.mode & 0o777).toString(8)} ${content}`;
    })
    .sort();
}
