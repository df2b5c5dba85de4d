/**
 * The files that a configuration names, as texts that may be changed before they are read.
 * @module
 */

import type { TightenFiles } from '../../../analysis/suggest/tighten.ts';
import type { Config } from '../../../config/config.ts';
import { GatehouseError } from '../../../errors.ts';
import { systemClock } from '../../../lib/clock.ts';
import { ReadCache } from '../../../policy/sources/read-cache.ts';
import { scan } from '../../../policy/sources/scan.ts';
import { sourceOptions } from '../../../server/policy/policy-sources.ts';
import { proofSideOf } from '../../../server/policy/proof-side.ts';
import { diffSide } from '../proofs/show-diff.ts';

/** Reads them; a text with an error in it is refused as a policy. @throws GatehouseError `not_found` */
export function readPolicyTexts(config: Config, planes: Parameters<typeof proofSideOf>[2]): TightenFiles {
  const source = sourceOptions(config);
  const { files, missing } = scan(source.paths);
  const [away] = missing;
  if (away !== undefined) throw new GatehouseError('not_found', `${away.path} cannot be read (${away.why})`);
  const cache = new ReadCache(source, systemClock);
  const read = new Map(files.map((seen) => [seen.file, { seen, ...cache.read(seen) }]));
  return {
    text: (file) => read.get(file)?.text,
    sideWith(texts) {
      const all = [...read].map(([file, { seen, policies }]) => {
        const text = texts.get(file);
        return text === undefined ? policies : cache.parse(file, text, seen);
      });
      const bad = all.flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'error')).at(0);
      if (bad !== undefined)
        throw new GatehouseError('policy_invalid', `${bad.file}:${bad.line}:${bad.column}: ${bad.message}`);
      return diffSide(proofSideOf(all, config, planes));
    },
  };
}
