/**
 * What lies in the paths of the site: SiteRules, and network security groups of Azure. Everything else there is refused.
 * @module
 */
import { createKindTable, type KindTable } from '../kind-table.ts';
import type { SiteOptions } from './ranges.ts';
import { securityGroupReader } from './security-group.ts';
import { SITE_GROUP, siteRulesReader } from './site-rules.ts';

const known = new Map<string, KindTable>();
/** A configuration has few paths, and is seldom another. */
const MOST_KNOWN = 1_000;

/** The readers of a path. The same options make the same table. */
export function siteKinds(options: SiteOptions): KindTable {
  const key = JSON.stringify(options);
  const made = known.get(key) ?? {
    ...createKindTable([siteRulesReader], new Map([[SITE_GROUP, []]])),
    bare: securityGroupReader(options),
  };
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(key, made);
  return made;
}
