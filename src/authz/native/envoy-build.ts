/**
 * What an Envoy at the other end says of itself: which program it is, whether trees were tried on that, and what its workload is like.
 * @module
 */
import type { Node } from '../../gen/envoy/config/core/v3/base_pb.ts';
import { HOPS_KEY } from './names.ts';

/** Releases on which the conformance run has passed: what a tree means has changed between versions. */
const TRIED: ReadonlySet<string> = new Set(['1.40.0']);

/** Something that speaks xDS. */
export interface EnvoyBuild {
  /** E.g. `1.40.0`; `''` where it does not say. */
  readonly version: string;
  /** Trees were tried on it: others are given one that asks about everything. */
  readonly isTried: boolean;
}

/** What a node says of its program. A build between two releases is none that was tried. */
export function envoyBuildOf(node: Node | undefined): EnvoyBuild {
  const said = node?.userAgentVersionType;
  if (said?.case !== 'userAgentBuildVersion') return { version: '', isTried: false };
  const { version, metadata } = said.value;
  const { majorNumber = 0, minorNumber = 0, patch = 0 } = version ?? {};
  const label = metadata?.['build.label'];
  const isBetween = typeof label === 'string' && label !== '' && label !== 'PyPI';
  const text = `${majorNumber}.${minorNumber}.${patch}${isBetween ? `-${label}` : ''}`;
  return { version: text, isTried: node?.userAgentName === 'envoy' && TRIED.has(text) };
}

/** Key of the node's metadata that holds the workload's labels, as Check is told them. */
const LABELS_KEY = 'LABELS';

/** What an Envoy says of its workload; what it asks says the same. */
export interface SaidOfWorkload {
  /** Undefined: none. */
  readonly labels: ReadonlyMap<string, string> | undefined;
  /** Of a gateway, as `gatehouse.trusted_hops` of its Checks; undefined: it is none. */
  readonly trustedHops: string | undefined;
}

/** What a node says of its workload. */
export function saidBy(node: Node | undefined): SaidOfWorkload {
  const hops = node?.metadata?.[HOPS_KEY];
  return { labels: labelsOf(node), trustedHops: typeof hops === 'string' ? hops : undefined };
}

/** As Check has them: an Envoy without labels says nothing of them, and what is no text is sent as an empty one. */
function labelsOf(node: Node | undefined): ReadonlyMap<string, string> | undefined {
  const said = node?.metadata?.[LABELS_KEY];
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return undefined;
  const labels = Object.entries(said).map(([key, value]) => [key, typeof value === 'string' ? value : ''] as const);
  return labels.length === 0 ? undefined : new Map(labels);
}
