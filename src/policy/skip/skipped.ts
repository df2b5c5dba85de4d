/**
 * Documents that are not read: counted, told where they should be known of, refused where they should have been read.
 * @module
 */
import type { KindTable } from '../dialects/kind-table.ts';
import { misnamedKind } from '../dialects/misnamed-kind.ts';
import { systemOf } from '../dialects/other-systems.ts';
import { SITE_GROUP } from '../dialects/site/site-rules.ts';
import { policyKinds } from '../dialects/table.ts';
import { type TypeOf, typeOfText } from '../documents/envelope.ts';
import type { Reporter } from '../documents/finding.ts';
import { fieldOf, type MapValue, textAt, type Value } from '../documents/value.ts';
import { headType, quickType } from '../documents/yaml/quick-type.ts';

/** More kinds than this in one file are counted together, and longer names are cut. */
const MOST_SKIPPED_KINDS = 200;
const MOST_NAME_CHARACTERS = 128;

/** Values, kustomizations of no kind, dashboards, patches: what is no document of Kubernetes at all. */
export const NO_DOCUMENT = 'no Kubernetes document';

/** Adds to a count of skipped kinds, which stores a bounded number of names. */
export function addSkipped(skipped: Map<string, number>, key: string, count: number): void {
  const counted = skipped.has(key) || skipped.size < MOST_SKIPPED_KINDS ? key : 'more kinds';
  skipped.set(counted, (skipped.get(counted) ?? 0) + count);
}

/** A YAML file without a type that is smaller is parsed, so that its faults are told. */
const FAULTS_TOLD_CHARACTERS = 64 * 1024;

const isJson = (text: string): boolean => /^\s*[[{]/.test(text);

const nameOf = ({ group, kind }: TypeOf): string => `${group}/${kind}`.slice(0, MOST_NAME_CHARACTERS);

/** What a text is counted as if it certainly is none of our business, which needs no parsing; undefined: it must be read. */
export function skippedUnread(text: string, kinds: KindTable): string | undefined {
  const head = headType(text);
  if (head !== undefined && !isOfOthers(typeOfText(head.apiVersion, head.kind), kinds)) return undefined;
  const quick = quickType(text);
  if (quick === undefined) return undefined;
  if (quick === 'none') {
    const isRead = text.includes(SECURITY_GROUP) || (text.length < FAULTS_TOLD_CHARACTERS && !isJson(text));
    return isRead ? undefined : NO_DOCUMENT;
  }
  const type = typeOfText(quick.apiVersion, quick.kind);
  return isOfOthers(type, kinds) ? nameOf(type) : undefined;
}

/** A file of pods asks the same fifty thousand times. */
const MOST_ASKED = 256;
const asked = new WeakMap<KindTable, Map<string, boolean>>();

function isOfOthers(type: TypeOf, kinds: KindTable): boolean {
  const known = asked.get(kinds) ?? new Map<string, boolean>();
  if (known.size === 0) asked.set(kinds, known);
  const key = [type.group, type.version, type.kind].join('\n');
  const before = known.get(key);
  if (before !== undefined) return before;
  const answer = isUnlikeOurs(type, kinds);
  if (known.size < MOST_ASKED && key.length < MOST_ASKED) known.set(key, answer);
  return answer;
}

/** Nothing can be said of it but that it is there. */
function isUnlikeOurs(type: TypeOf, kinds: KindTable): boolean {
  const { group, kind } = type;
  const isKnown = kinds.readerOf(group, kind) ?? policyKinds.readerOf(group, kind) ?? systemOf(group, kind);
  return (
    isKnown === undefined &&
    group !== SITE_GROUP &&
    !kind.toLowerCase().endsWith('list') &&
    misnamedKind(type, kinds) === undefined
  );
}

/** What every network security group of Azure has. */
const SECURITY_GROUP = 'defaultSecurityRules';

/** Reports what belongs to the site's own layer and lies elsewhere: there it would be in force for nobody. */
export function reportSite(value: Value, report: Reporter): boolean {
  const isSite = (value.is === 'list' ? value.items : [value]).some(
    (one) => textAt(one, 'apiVersion')?.split('/', 1)[0] === SITE_GROUP || fieldOf(one, SECURITY_GROUP) !== undefined,
  );
  if (!isSite) return false;
  const message = "this belongs to the site's own layer: in this path it is not in force";
  report.error(value, 'kind-unknown', 'kind', message, 'name its path under policies.site.paths');
  return true;
}

/** Counts a document that is not read, unless it is one that should be. */
export function skip(
  value: MapValue,
  type: TypeOf,
  kinds: KindTable,
  { report, skipped }: { readonly report: Reporter; readonly skipped: Map<string, number> },
): void {
  const place = (field: string): Value => value.entries.get(field)?.value ?? value;
  const system = systemOf(type.group, type.kind);
  const misnamed = system === undefined ? misnamedKind(type, kinds) : undefined;
  if (misnamed !== undefined) {
    const { field, message, fix } = misnamed;
    const code = field === 'kind' ? 'kind-unknown' : 'group-unknown';
    report[misnamed.severity](place(field), code, field, message, fix);
    if (misnamed.severity === 'error') return;
  }
  if (misnamed === undefined && kinds.bare !== undefined) {
    const names = kinds.readers.map((reader) => reader.kind).join(', ');
    const message = `${type.kind} has no business in this path, of which everything is read`;
    const fix = `move it to another path: here lie ${names} and files of the platform`;
    report.error(place('kind'), 'kind-unknown', 'kind', message, fix);
    return;
  }
  if (system !== undefined && kinds.readers.some(({ dialect }) => dialect === 'istio'))
    report.warning(
      place('kind'),
      'other-system',
      'kind',
      `${type.kind} (${type.group}) is a traffic policy of ${system}: nothing of it is enforced here`,
      'write it as a policy of Istio, Calico or Kubernetes, or move it to another path',
    );
  else if (policyKinds.readerOf(type.group, type.kind) !== undefined)
    report.warning(
      place('kind'),
      'policy-in-registry',
      'kind',
      `this ${type.kind} lies in a path of the registry alone: it is not in force`,
      'name the path under policies.paths too, or move the document',
    );
  addSkipped(skipped, nameOf(type), 1);
}
