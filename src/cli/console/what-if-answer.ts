/**
 * What an edited file of policy would change.
 * @module
 */

import { runTestFile } from '../../analysis/policy-test/run-file.ts';
import type { TestFile } from '../../analysis/policy-test/test-form.ts';
import { differenceOf } from '../../analysis/proofs/diff/diff.ts';
import { type DiffDocument, diffDocument } from '../../analysis/proofs/diff/diff-document.ts';
import { regionText } from '../../analysis/proofs/region-text.ts';
import { BoundMet, createEffort } from '../../analysis/regions/bound.ts';
import type { Config, PolicyPath } from '../../config/config.ts';
import { loadConfig } from '../../config/read-config.ts';
import type { ShownDifference, WhatIfAnswer } from '../../console/model/what-if.ts';
import { GatehouseError } from '../../errors.ts';
import { scan } from '../../policy/sources/scan.ts';
import { offlineState } from '../../server/explain/explain-offline.ts';
import { explainDeps } from '../../server/explain/explainer.ts';
import { proofSide } from '../../server/policy/proof-side.ts';
import { diffSide } from '../policy/proofs/show-diff.ts';
import type { WhatIfQuestion } from './worker.ts';

/** For the exact difference. */
const DIFF_MS = 20_000;

/** @throws GatehouseError `not_found` for a file that is none of the configuration's, `policy_invalid` naming the place */
export async function answerWhatIf(configFile: string, { file, text, tests }: WhatIfQuestion): Promise<WhatIfAnswer> {
  const before = loadConfig(configFile);
  const after = withText(before, file, text);
  const decided = runTestFile({ tests } as TestFile, await explainDeps(await offlineState(after))); // checked one by one
  return {
    difference: difference(before, after),
    replayed: decided.map(({ name, passed, differences }) => ({
      name,
      same: passed,
      differences: differences.map(({ of, want, got }) => ({ of, want: String(want), got: String(got) })),
    })),
  };
}

/** The exact difference, or why nobody can say. */
function difference(before: Config, after: Config): WhatIfAnswer['difference'] {
  try {
    const [old, fresh] = [proofSide(before, undefined), proofSide(after, undefined)];
    const effort = createEffort(DIFF_MS);
    return { known: shown(diffDocument(differenceOf(diffSide(old), diffSide(fresh), () => {}, effort))) };
  } catch (thrown) {
    if (thrown instanceof BoundMet) return { unknown: thrown.message };
    throw thrown;
  }
}

function shown({ equal, classes, added, removed }: DiffDocument): ShownDifference {
  const shownChanges = (changes: DiffDocument['added']) =>
    changes.map(({ from, to, region, rules, owners }) => ({
      ...{ from, to, owners, text: regionText(region) },
      rules: rules.map(({ policy, rule, file, line }) => ({ policy, rule, file, line })),
    }));
  return {
    equal,
    classes: classes.map((each) => ({
      id: each.id,
      names: ('members' in each ? each.members : 'outside' in each ? each.outside : undefined) ?? [],
      outside: 'outside' in each,
    })),
    added: shownChanges(added),
    removed: shownChanges(removed),
  };
}

/** The same configuration, one of its files with another text. */
function withText(config: Config, file: string, text: string): Config {
  const paths = config.policies.paths.flatMap((path): PolicyPath[] => {
    const { namespaces, ...rest } = path;
    const { files } = scan([chosen(rest)]);
    if (!files.some((each) => each.file === file)) return [path];
    return files.map((each) => ({
      path: each.file,
      namespaces,
      ...(rest.defaultNamespace !== undefined && { defaultNamespace: rest.defaultNamespace }),
      ...(each.file === file && { text }),
    }));
  });
  if (paths.some((each) => each.path === file && each.text !== undefined))
    return { ...config, policies: { ...config.policies, paths } };
  throw new GatehouseError(
    'not_found',
    `${file} is none of the files that ${config.file} names: ask where the server runs`,
    { file },
  );
}

const chosen = ({ path, include, exclude }: Omit<PolicyPath, 'namespaces'>) => ({
  path,
  ...(include && { include }),
  ...(exclude && { exclude }),
});
