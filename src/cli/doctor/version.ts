/**
 * Which Envoys are safe to ask from.
 * @module
 */
import { type DoctorFinding, finding } from './finding.ts';

/** First release of each line without the bugs that crash ext_authz or let `..;x` past a policy. */
const SAFE: readonly (readonly [major: number, minor: number, patch: number])[] = [
  [1, 36, 10],
  [1, 37, 6],
  [1, 38, 4],
  [1, 39, 1],
];

/** @param version  as `/server_info` has it: `COMMIT/1.40.0/Clean/RELEASE/BoringSSL` */
export function examineVersion(version: string): readonly DoctorFinding[] {
  const match = /(?:^|\/)(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (match === null) return [];
  const [major = 0, minor = 0, patch = 0] = match.slice(1).map(Number);
  const line = SAFE.find((each) => each[0] === major && each[1] === minor);
  const newest = SAFE.at(-1)!;
  const isNewer = major > newest[0] || (major === newest[0] && minor > newest[1]);
  if (isNewer || (line !== undefined && patch >= line[2])) return [];
  const wanted = SAFE.map((each) => each.join('.')).join(', ');
  const message = `Envoy ${major}.${minor}.${patch} has known ways past path policies and crashes in ext_authz`;
  return [finding('inexact', 'envoy_too_old', 'server_info.version', message, `# run at least ${wanted} of its line`)];
}
