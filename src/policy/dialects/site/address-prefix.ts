/**
 * What Azure writes for the addresses of an end: all of them, an address, a CIDR, or a service tag.
 *
 * Facts from the REST reference of Security Rules and "Azure network security groups overview": nothing else is an address prefix,
 * ranges from one address to another neither.
 * @module
 */
import { parseIp } from '../../../lib/ip-address.ts';
import type { Reporter } from '../../documents/finding.ts';
import type { TextValue } from '../../documents/value.ts';
import { type NamedRanges, rangesNamed, readRange, type SiteOptions } from './ranges.ts';

/** Every address, known or not. */
export const everybody: NamedRanges = ['0.0.0.0/0'];

/** In a rule, `0.0.0.0/0` is written for all addresses, as `*` is. */
const anybody: ReadonlySet<string> = new Set(['*', 'any', '0.0.0.0/0']);

/** From where the platform probes, wherever it runs. */
const standingTags: ReadonlyMap<string, NamedRanges> = new Map([['azureloadbalancer', ['168.63.129.16/32']]]);

/** `VirtualNetwork`, `Storage.WestEurope`, and the older `VIRTUAL_NETWORK`. */
const tagForm = /^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$/i;

/** Reads an address prefix that stands at `path`; undefined, and one error, if its addresses are not known. */
export function readAddressPrefix(
  value: TextValue,
  path: string,
  tags: SiteOptions['tags'],
  report: Reporter,
): NamedRanges | undefined {
  const name = value.text.toLowerCase();
  if (anybody.has(name)) return everybody;
  const range = readRange(value, path, report);
  if (range !== undefined) return [range.text];
  const named = rangesNamed(tags, name) ?? standingTags.get(name);
  if (named !== undefined) return named;
  const quoted = JSON.stringify(value.text);
  if (tagForm.test(value.text)) {
    const message = `${quoted} is a service tag whose addresses nobody has given`;
    report.error(value, 'tag-unknown', path, message, tagFix(value.text));
    return undefined;
  }
  const { is, fix } = otherForms.find((form) => form.holds(value.text)) ?? unknownForm;
  report.error(value, 'net-invalid', path, `${quoted} ${is}`, fix);
  return undefined;
}

/** The usual tags are not the same addresses everywhere. */
function tagFix(tag: string): string {
  const example = tag.toLowerCase() === 'internet' ? '{ except: [10.0.0.0/8] }' : '[10.0.0.0/8]';
  return `give them: policies.site.tags: { ${tag}: ${example} }`;
}

interface OtherForm {
  holds(text: string): boolean;
  readonly is: string;
  readonly fix: string;
}

const isAddress = (text: string): boolean => parseIp(text.trim()) !== undefined;

/** What people write besides; the first that holds is told. */
const otherForms: readonly OtherForm[] = [
  {
    holds: (text) => text.includes(','),
    is: 'holds several at once, and this field has one',
    fix: 'write each alone, in the plural field',
  },
  {
    holds: (text) => text.split('-').length === 2 && text.split('-').every(isAddress),
    is: 'is a range from one address to another, which no rule of Azure has',
    fix: 'write the CIDRs that make it up, in the plural field',
  },
  { holds: (text) => text.trim() === '', is: 'is empty', fix: 'write *, an address, a CIDR or a service tag' },
  {
    holds: (text) => text.includes('/') && isAddress(text.slice(0, text.indexOf('/'))),
    is: 'is no CIDR: the length of its prefix is none',
    fix: 'write address/bits, e.g. 10.0.0.0/8 or fd00::/16',
  },
];

const unknownForm: Omit<OtherForm, 'holds'> = {
  is: 'is no address, no CIDR and no service tag',
  fix: 'Azure writes *, 10.0.0.4, 10.0.0.0/8 or VirtualNetwork',
};
