/**
 * Takes out of a list of findings what the authors of the documents know already. Pure.
 * @module
 */
import type { Finding, Place } from './documents/finding.ts';
import type { Ignore } from './documents/ignore.ts';
import type { OwnerOf } from './owners.ts';

/** Whose ignores are obeyed. */
export interface IgnoreRule {
  /** Owners whose documents may ignore findings; undefined: everybody's may. */
  readonly ignoreBy: readonly string[] | undefined;
  /** Who answers for a document. Asked without what the document says of itself: whoever writes it could claim to be anybody. */
  readonly ownerOf: OwnerOf;
}

/** What is left to tell. */
interface Sifted<T extends Finding> {
  /** The rest, and what is to be said about the ignores themselves, in the order of their files and lines. */
  readonly kept: readonly (T | Finding)[];
  /** What was left out. */
  readonly ignored: readonly T[];
}

/** Takes out what is ignored. An error never is: its file does not come into force, and nobody may overlook why. */
export function applyIgnores<T extends Finding>(
  findings: readonly T[],
  ignores: readonly Ignore[],
  rule: IgnoreRule,
): Sifted<T> {
  if (ignores.length === 0) return { kept: findings, ignored: [] };
  const ofFile = Map.groupBy(ignores, ({ file }) => file);
  const [kept, ignored, notes] = [[] as T[], [] as T[], new Map<Ignore, Finding>()];
  for (const finding of findings) {
    const ignore = ofFile.get(finding.file)?.find((each) => isAbout(each, finding));
    const note = ignore === undefined ? undefined : refusal(ignore, finding, rule);
    if (ignore !== undefined && note !== undefined) notes.set(ignore, note);
    (ignore === undefined || note !== undefined ? kept : ignored).push(finding);
  }
  return { kept: notes.size === 0 ? kept : inOrder([...kept, ...notes.values()]), ignored };
}

const isAbout = ({ codes, from, until }: Ignore, { code, line, column }: Finding): boolean =>
  codes.includes(code) && !isBefore({ line, column }, from) && isBefore({ line, column }, until);

const isBefore = (a: Place, b: Place): boolean => a.line < b.line || (a.line === b.line && a.column < b.column);

/** What to say if the ignore is not obeyed. */
function refusal(ignore: Ignore, { severity, code }: Finding, { ignoreBy, ownerOf }: IgnoreRule): Finding | undefined {
  const { file, place, namespace } = ignore;
  const note = { file, ...place, severity: 'warning', path: '' } as const;
  if (severity === 'error')
    return {
      ...note,
      code: 'ignore-refused',
      message: `${code} is an error here: errors cannot be ignored`,
      fix: 'mend it, and remove the ignore',
    };
  if (ignoreBy === undefined) return undefined;
  const owner = ownerOf({ ref: { namespace }, position: { file }, owner: '' });
  if (owner !== undefined && ignoreBy.includes(owner)) return undefined;
  const whose = owner === undefined ? 'a document without owner' : `a document of ${owner}`;
  return {
    ...note,
    code: 'ignore-not-obeyed',
    message: `the ignore of ${code} stands in ${whose}; policies.ignoreBy obeys ${ignoreBy.join(', ') || 'nobody'}`,
    fix: 'mend the finding, or have an owner whom policies.ignoreBy names look at it (policies.owners, or the annotation gatehouse.dev/owner of the Namespace)',
  };
}

/** Files stay in the order in which they come first. */
function inOrder<T extends Finding>(findings: readonly T[]): readonly T[] {
  const files = [...new Set(findings.map(({ file }) => file))];
  return findings.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}
