import assert from 'node:assert/strict';
import { normalisePath } from '../../../../src/policy/meaning/normal-path.ts';

const cases: readonly { path: string; want: string }[] = [
  { path: '/', want: '/' },
  { path: '/api/', want: '/api' },
  { path: '/api?x=/../y', want: '/api' },
  { path: '/api#f', want: '/api' },
  { path: '/a//b', want: '/a/b' },
  { path: '/a/./b/../c', want: '/a/c' },
  { path: '/../../a', want: '/a' },
  { path: '/a%20b', want: '/a b' },
  { path: '/a%2Fb', want: '/a/b' },
  { path: '/a/%2e%2e/b', want: '/b' },
  { path: '/a\\b', want: '/a/b' },
  { path: '/a;v=1/b;c', want: '/a/b' },
  { path: '/a/..;x/b', want: '/b' },
  { path: '/%252e', want: 'ambiguous' },
  { path: '/%252F', want: 'ambiguous' },
  { path: '/a%5Cb', want: '/a/b' },
  { path: '/a%00', want: 'ambiguous' },
  { path: '/a%zz', want: 'ambiguous' },
  { path: '/a%2', want: 'ambiguous' },
  { path: 'api', want: 'relative' },
  { path: '', want: 'relative' },
  { path: '*', want: 'relative' },
];

describe('normalisePath (Calico)', () => {
  for (const { path, want } of cases) {
    it(`${JSON.stringify(path)} is ${want}`, () => {
      const normal = normalisePath(path);
      assert.equal(normal.is === 'path' ? normal.path : normal.is, want);
    });
  }
});
