/**
 * Which Envoy is at the other end, by what it says of itself, and whether trees were tried on it.
 * @module
 */
import type { Node } from '../../gen/envoy/config/core/v3/base_pb.ts';

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
