/**
 * The files of both sets, and how one becomes the other.
 * @module
 */
import { dirname, join, relative, sep } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import type { Config, PolicyPath } from '../../../config/config.ts';
import { GatehouseError } from '../../../errors.ts';
import { readRegularFileSync } from '../../../lib/regular-file.ts';
import { digestOfTexts } from '../../../policy/candidate/candidate-source.ts';
import { MAX_FILE_BYTES } from '../../../policy/read-policies.ts';
import { scan } from '../../../policy/sources/scan.ts';

/** A file of a set. */
export interface SetFile {
  /** Which of the set's paths it lies in. */
  readonly path: number;
  /** Below that path, with slashes; empty: the path is the file. */
  readonly name: string;
  readonly text: string;
}

/** Both sets. */
export interface FileSets {
  readonly inForce: readonly SetFile[];
  readonly candidate: readonly SetFile[];
  /** Of the candidate, as the server tells it. */
  readonly digest: string;
  readonly config: Config;
}

/** Reads both. @throws GatehouseError `not_found` */
export function readFileSets(config: Config): FileSets {
  const { paths, candidate } = config.policies;
  const found = filesOf(candidate.paths);
  return { inForce: filesOf(paths), candidate: found, digest: digestOfTexts(found.map(({ text }) => text)), config };
}

/** The files of some paths, with what they hold. @throws GatehouseError `not_found` */
export function filesOf(paths: readonly PolicyPath[]): readonly SetFile[] {
  return paths.flatMap((path, i) => {
    const { namespaces: _, ...rest } = path;
    const { files, missing } = scan([withoutAbsent(rest)]);
    const [away] = missing;
    if (away !== undefined) throw new GatehouseError('not_found', `${away.path} cannot be read (${away.why})`);
    return files.map(({ file }) => ({
      path: i,
      name: relative(path.path, file).replaceAll(sep, '/'),
      text: readRegularFileSync(file, MAX_FILE_BYTES).toString('utf8'),
    }));
  });
}

const withoutAbsent = ({ path, include, exclude }: Omit<PolicyPath, 'namespaces'>) => ({
  path,
  ...(include && { include }),
  ...(exclude && { exclude }),
});

const isFile = (files: readonly SetFile[], at: number): boolean =>
  files.some(({ path, name }) => path === at && name === '');

/**
 * The patch that makes the candidate what is in force, for `git apply` in a directory: the first path of the candidate goes where the first
 * path in force is, and so on.
 *
 * @param base  that directory; of the configuration, unless said otherwise
 * @throws GatehouseError `not_supported` where the paths do not belong together
 */
export function patchOf({ inForce, candidate, config }: Omit<FileSets, 'digest'>, base = dirname(config.file)): string {
  const { paths, candidate: other } = config.policies;
  if (paths.length !== other.paths.length)
    throw new GatehouseError(
      'not_supported',
      `a patch wants as many paths in policies.candidate.paths as in policies.paths; --write wants nothing`,
    );
  const keyOf = ({ path, name }: SetFile): string => relative(base, join(paths[path]!.path, name)).replaceAll(sep, '/'); // as many paths
  const texts = (files: readonly SetFile[]) => new Map(files.map((each) => [keyOf(each), each.text]));
  const [before, after] = [texts(inForce), texts(candidate)];
  const isMixed = paths.some(
    (_, i) => isFile(inForce, i) !== isFile(candidate, i) && inForce.some(({ path }) => path === i),
  );
  if (isMixed)
    throw new GatehouseError('not_supported', 'a patch wants files in place of files, and directories of directories');
  const outside = [...before.keys(), ...after.keys()].find((name) => name.startsWith('../'));
  if (outside !== undefined)
    throw new GatehouseError(
      'not_supported',
      `${outside} lies outside of ${base}: a patch cannot speak of it; --write can`,
    );
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => {
      const [old, fresh] = [before.get(name), after.get(name)];
      const [from, to] = [
        old === undefined ? '/dev/null' : `a/${name}`,
        fresh === undefined ? '/dev/null' : `b/${name}`,
      ];
      const head = `diff --git a/${name} b/${name}\n${old === undefined ? 'new file mode 100644\n' : fresh === undefined ? 'deleted file mode 100644\n' : ''}`;
      const patch = createTwoFilesPatch(from, to, old ?? '', fresh ?? '', undefined, undefined, { context: 3 });
      const body = patch.slice(patch.indexOf('--- '));
      const hunks = Math.max(0, body.indexOf('\n@@ ')); // a tab may end a line of theirs
      return head + body.slice(0, hunks).replace(/\t$/gm, '') + body.slice(hunks);
    })
    .join('');
}
