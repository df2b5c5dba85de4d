import assert from 'node:assert/strict';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { findingOwners } from '../../../../src/server/admin/finding-owners.ts';

const policy = (file: string, line: number, owner: string) => ({ position: { file, line, column: 1 }, owner });
const model = {
  planes: [
    { stages: [{ policies: [policy('/p/shop/a.yaml', 1, 'shop'), policy('/p/shop/a.yaml', 20, 'platform')] }] },
    { stages: [{ policies: [policy('/p/shop/b.yaml', 5, '')] }] },
  ],
} as unknown as PolicyModel; // nothing else is looked at

const directories = [
  ['/p', 'everybody'],
  ['/p/shop', 'shop-team'],
] as const;

describe('findingOwners', () => {
  const cases = [
    { name: 'the policy that it lies in', file: '/p/shop/a.yaml', line: 12, want: 'shop' },
    { name: 'the later policy of a file', file: '/p/shop/a.yaml', line: 20, want: 'platform' },
    { name: 'the directory, above the first policy', file: '/p/shop/b.yaml', line: 2, want: 'shop-team' },
    { name: 'the directory, where the policy names nobody', file: '/p/shop/b.yaml', line: 9, want: 'shop-team' },
    { name: 'the directory, of a file that is not in force', file: '/p/broken.yaml', line: 1, want: 'everybody' },
    { name: 'nobody', file: '/elsewhere.yaml', line: 1, want: undefined },
  ];
  for (const { name, file, line, want } of cases)
    it(`names the owner by ${name}`, () => {
      assert.equal(findingOwners(model, directories)({ file, line }), want);
    });
});
