/**
 * The Node that people are promised: no package says that it is too old. (Programs and tests run on the Node that comes with the
 * packages; the one of the machine runs npm alone.)
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { minVersion, satisfies } from 'semver';

interface LockedPackage {
  readonly version?: string;
  readonly engines?: { readonly node?: string } | readonly string[];
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, LockedPackage> };
const promised = (JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } }).engines.node;
const oldest = promised.split('||').map((range) => minVersion(range)!.version);

const refusing = (node: string): string[] =>
  Object.entries(lock.packages).flatMap(([path, { version, engines }]) => {
    const range = engines !== undefined && 'node' in engines ? engines.node : undefined;
    return range === undefined || satisfies(node, range) ? [] : [`${path} ${version} wants Node ${range}`];
  });

describe('the Node that package.json promises', () => {
  for (const node of oldest) it(`is enough for every package: ${node}`, () => assert.deepEqual(refusing(node), []));

  it('is the one that README.md names', () => {
    const named = oldest.map((version) => version.replace(/(\.0)+$/, '')).join(', ');
    assert.ok(readFileSync('README.md', 'utf8').includes(`Node ${named} or newer`), named);
  });

  it('would be seen to be too old', () => assert.ok(refusing('18.0.0').length > 0));
});
