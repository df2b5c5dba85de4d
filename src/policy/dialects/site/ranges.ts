/**
 * Addresses as the site's own layer names them: ranges, and names that stand for ranges.
 * @module
 */
import { parseCidr } from '../../../lib/ip-address.ts';
import type { Reporter } from '../../documents/finding.ts';
import { warnOfHostBits } from '../../documents/host-bits.ts';
import type { TextValue } from '../../documents/value.ts';
import type { Cidr, Expr } from '../../model.ts';

/** What a name stands for: CIDRs, or all addresses but some. */
export type NamedRanges = readonly string[] | { readonly except: readonly string[] };

/** What a file of the site does not say of itself. */
export interface SiteOptions {
  /** CIDRs of the subnets that a network security group guards. */
  readonly subnets?: readonly string[];
  /** Service tags, by name. */
  readonly tags?: Readonly<Record<string, NamedRanges>>;
  /** CIDRs of application security groups, by name. */
  readonly applicationSecurityGroups?: Readonly<Record<string, readonly string[]>>;
}

export type End = 'source' | 'destination';

/** Every address: what is not known is not among them. */
const everywhere: readonly string[] = ['0.0.0.0/0', '::/0'];

/** The address of an end lies in what a name stands for. */
export function within(end: End, ranges: NamedRanges): Expr {
  if (!('except' in ranges))
    return addressIn(
      end,
      ranges.map((text): Cidr => ({ text })),
    );
  return { op: 'all', of: [within(end, everywhere), { op: 'not', of: within(end, ranges.except) }] };
}

/** The address of an end lies in one of some ranges. */
export const addressIn = (end: End, any: readonly Cidr[]): Expr => ({ op: 'address', fact: end, any, unmap: true });

/** Reads an address or a range; undefined: it is neither, which the caller has to tell. */
export function readRange(value: TextValue, path: string, report: Reporter): Cidr | undefined {
  if (parseCidr(value.text) === undefined) return undefined;
  warnOfHostBits(value, path, report);
  return { text: value.text };
}

/** Azure's names are the same in any case. */
export const rangesNamed = <T>(names: Readonly<Record<string, T>> | undefined, name: string): T | undefined =>
  Object.entries(names ?? {}).find(([each]) => each.toLowerCase() === name)?.[1];
