import assert from 'node:assert/strict';
import { missingFinding } from '../../../../src/policy/sources/source-findings.ts';

describe('what is said of a path that cannot be read', () => {
  // biome-ignore format: a table
  for (const [why, message, fix] of [
    ['ENOENT', '/p does not exist', /^create it, or take it out of the configuration$/],
    ['EACCES', '/p cannot be read (EACCES)', /^let the server's user read it, and enter each directory on the way/],
    ['EPERM', '/p cannot be read (EPERM)', /^let the server's user read it/],
    ['neither a file nor a directory', '/p cannot be read (neither a file nor a directory)', /^put a file or a directory with policies there, or take it out of the configuration$/],
  ] as const)
    it(`${why}: what to do fits to it`, () => {
      const found = missingFinding({ path: '/p', why, isConfined: false });
      assert.equal(found.message, message);
      assert.match(found.fix, fix);
    });
});
