/**
 * Writes a difference.
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type DiffSide, differenceOf } from '../../../analysis/proofs/diff/diff.ts';
import { diffDocument, diffMarkdown, diffRows, witnessTests } from '../../../analysis/proofs/diff/diff-document.ts';
import { createReplay } from '../../../analysis/proofs/replay.ts';
import { createEffort } from '../../../analysis/regions/bound.ts';
import { Compilations } from '../../../policy/compile/compilations.ts';
import type { ProofSide } from '../../../server/policy/proof-side.ts';
import { plainLook } from '../../terminal/look.ts';
import { jsonText, paint } from '../../terminal/output.ts';
import type { ExitCode, Terminal } from '../../terminal/terminal.ts';
import { textTable } from '../../terminal/text-table.ts';
import { leftOutOf } from './left-out.ts';
import type { Place } from './open-place.ts';
import { shownProgress } from './progress.ts';
import type { ProofOutput } from './proof-options.ts';

interface DiffFlags {
  readonly failOn?: 'added' | 'removed' | 'any';
  readonly witnesses?: string;
  readonly timeout: number;
  readonly output: ProofOutput;
}

/** Exit code 1 if something is decided otherwise. @throws BoundMet if it cannot be said */
export function showDiff(before: Place, after: Place, flags: DiffFlags, terminal: Terminal): ExitCode {
  const progress = shownProgress(terminal, 'callers') ?? (() => {});
  const compilations = new Compilations();
  const [old, fresh] = [before, after].map(({ side }) => diffSide(side, compilations)) as [DiffSide, DiffSide]; // of both
  const difference = differenceOf(old, fresh, progress, createEffort(flags.timeout));
  terminal.progress?.('');
  const document = named(diffDocument(difference), (file) => after.nameOf(before.nameOf(file)));
  if (flags.witnesses !== undefined) writeTests(flags.witnesses, difference, after);
  if (flags.output === 'json')
    terminal.out(jsonText({ ...document, leftOut: leftOutOf([before.side.model, after.side.model]) }, 1));
  else if (flags.output === 'markdown') terminal.out(diffMarkdown(document));
  else {
    const headings = ['', 'FROM', 'TO', 'ON', 'BY', 'OWNERS'];
    const look = terminal.look ?? plainLook;
    paint(terminal, textTable(headings, diffRows(document), 'no request is decided otherwise', look));
  }
  const { added, removed } = difference;
  const counted = { added: added.length, removed: removed.length, any: added.length + removed.length };
  return counted[flags.failOn ?? 'any'] === 0 ? 0 : 1;
}

/** A side as the exact difference is asked of it. @param compilations  of both sides, which have most policies in common */
export function diffSide(side: ProofSide, compilations?: Compilations): DiffSide {
  const { model, options, allowEmpty } = side;
  const replay = createReplay(model, options, allowEmpty, compilations);
  return { ...side, replay, trustedHops: options.trustedHops };
}

/** The same document, its files as people know them. */
function named<T>(document: T, nameOf: (file: string) => string): T {
  return JSON.parse(JSON.stringify(document), (key, value: unknown) =>
    key === 'file' && typeof value === 'string' ? nameOf(value) : value,
  ) as T; // what came in, with other texts
}

/** Tests that `policy test` runs as they are: they name the new policies, where these are files. */
function writeTests(directory: string, difference: Parameters<typeof witnessTests>[0], { written }: Place): void {
  mkdirSync(directory, { recursive: true });
  const tests = witnessTests(difference);
  const near = (file: string): string => relative(resolve(directory), file);
  const about = {
    ...(written?.config !== undefined && { config: near(written.config) }),
    ...(written?.policies && { policies: written.policies.map(near) }),
  };
  if (tests.length > 0)
    writeFileSync(join(directory, 'witnesses.yaml'), `${JSON.stringify({ ...about, tests }, null, 2)}\n`);
}
