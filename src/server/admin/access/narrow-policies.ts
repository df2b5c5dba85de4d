/**
 * What is in force, as somebody sees it who reads some namespaces only.
 * @module
 */
import type { PoliciesAnswer } from '../../../admin-api/policies.ts';
import type { Sight } from './sight.ts';

/** Where policies are read from, and who may write there. */
export interface ReadPath {
  readonly path: string;
  /** The only ones that documents there may be of; undefined: any. */
  readonly namespaces: readonly string[] | undefined;
}

type Finding = PoliciesAnswer['findings'][number];
type Row = PoliciesAnswer['planes'][number]['stages'][number]['policies'][number];

const HIDDEN = 'not shown: it names what lies in other namespaces';

/**
 * Leaves the policies of his namespaces, and what is found in files that hold nothing else: those of a path that is confined to his
 * namespaces, and of the others those whose policies in force are all his. What a broken file would have held is not known, so that
 * only a confined path has errors for him.
 */
export function narrowPolicies(whole: PoliciesAnswer, sight: Sight, paths: readonly ReadPath[]): PoliciesAnswer {
  const all = whole.planes.flatMap(({ stages }) => stages.flatMap(({ policies }) => policies));
  const files = createFiles(all, sight, paths);
  const planes = whole.planes.map(({ id, mode, stages }) => ({
    id,
    mode,
    stages: stages
      .map(({ policies, ...stage }) => ({
        ...stage,
        policies: policies.filter(({ namespace }) => sight.has(namespace)),
      }))
      .filter(({ policies }) => policies.length > 0),
  }));
  const counts = countsOf(planes.flatMap(({ stages }) => stages.flatMap(({ policies }) => policies)));
  return {
    generation: whole.generation,
    counts,
    skipped: {},
    summary: `in force of ${sight.namespaces.join(', ')}: ${counts.map(({ dialect, kind, count }) => `${count} ${dialect} ${kind}`).join(', ') || 'nothing'}`,
    degraded: whole.degraded.filter((place) => files.isConfined(place.replace(/:\d+$/, ''))),
    findings: whole.findings.flatMap((finding) => files.shown(finding) ?? []),
    planes,
  };
}

/**
 * Whether a reader of some namespaces may see the text of a file: it lies in a path that is confined to his. Of another file it is not
 * known what else it holds.
 */
export const seesFile = (file: string, sight: Sight, paths: readonly ReadPath[]): boolean =>
  createFiles([], sight, paths).isConfined(file);

function createFiles(all: readonly Row[], sight: Sight, paths: readonly ReadPath[]) {
  const foreign = all.filter(({ namespace }) => !sight.has(namespace));
  const foreignFiles = new Set(foreign.map(({ file }) => file));
  const ownFiles = new Set(all.map(({ file }) => file).filter((file) => !foreignFiles.has(file)));
  const foreignNames = new Set(
    foreign.map(({ namespace, name }) => (namespace === '' ? name : `${namespace}/${name}`)),
  );
  const pathsOver = (file: string): readonly ReadPath[] =>
    paths.filter(({ path }) => file === path || file.startsWith(path.endsWith('/') ? path : `${path}/`));
  /** A file that two paths hold is confined if both are. */
  const isConfined = (file: string): boolean => {
    const over = pathsOver(file);
    return over.length > 0 && over.every(({ namespaces }) => namespaces?.every(sight.has) === true);
  };
  const isForeign = (file: string): boolean =>
    foreignFiles.has(file) || (pathsOver(file).length > 0 && !ownFiles.has(file) && !isConfined(file));
  const isPlain = (text: string): boolean =>
    text.split(/[\s"'`,;()]+/).every((word) => {
      const plain = word.replace(/[.:]+$/, '').replace(/(:\d+)+$/, '');
      return !foreignNames.has(plain) && !isForeign(plain);
    });
  return {
    isConfined,
    /** The finding, or undefined where it is none of his. Findings across files may name what is not his. */
    shown(finding: Finding): Finding | undefined {
      const isHis = isConfined(finding.file) || (finding.severity === 'warning' && ownFiles.has(finding.file));
      if (!isHis) return undefined;
      const { others, ...rest } = finding;
      const { message, fix } = rest;
      const own = others?.filter(({ policy, file }) => sight.whose(policy) === 'own' && !isForeign(file)) ?? [];
      return {
        ...rest,
        message: isPlain(message) ? message : HIDDEN,
        fix: isPlain(fix) ? fix : HIDDEN,
        ...(own.length > 0 && { others: own }),
      };
    },
  };
}

function countsOf(rows: readonly Row[]): PoliciesAnswer['counts'] {
  const documents = new Map(rows.map((row) => [`${row.dialect} ${row.kind} ${row.namespace}/${row.name}`, row]));
  const counts = new Map<string, { dialect: string; kind: string; count: number }>();
  for (const { dialect, kind } of documents.values()) {
    const row = counts.get(`${dialect} ${kind}`) ?? { dialect, kind, count: 0 };
    row.count++;
    counts.set(`${dialect} ${kind}`, row);
  }
  return [...counts.values()];
}
