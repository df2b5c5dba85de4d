import assert from 'node:assert/strict';
import type { Config } from '../../../../src/config/config.ts';
import { candidateProblems } from '../../../../src/config/rules/candidate.ts';

const cases = [
  { name: 'a directory of its own', paths: ['/a/policies'], candidate: '/a/candidate', want: undefined },
  { name: 'a name that begins alike', paths: ['/a/policies'], candidate: '/a/policies-next', want: undefined },
  { name: 'the same', paths: ['/a/policies'], candidate: '/a/policies', want: /in force, and no candidate/ },
  { name: 'one inside', paths: ['/a/policies'], candidate: '/a/policies/next/one', want: /in force, and no candidate/ },
  {
    name: 'one that is left out there',
    paths: ['/a/policies'],
    exclude: ['next'],
    candidate: '/a/policies/next',
    want: undefined,
  },
  { name: 'one whose name is not looked at', paths: ['/a/policies'], candidate: '/a/policies/.next', want: undefined },
  { name: 'one around', paths: ['/a/policies'], candidate: '/a', want: /lies in it/ },
  { name: 'root', paths: ['/a/policies'], candidate: '/', want: /lies in it/ },
] as const;

describe('candidateProblems', () => {
  for (const { name, paths, candidate, want, ...more } of cases)
    it(`${want === undefined ? 'takes' : 'refuses'} ${name}`, () => {
      const exclude = 'exclude' in more ? more.exclude : undefined;
      const policies = {
        paths: paths.map((path) => ({ path, namespaces: undefined, exclude })),
        site: { paths: [] },
        candidate: { paths: [{ path: candidate, namespaces: undefined }] },
      } as unknown as Config['policies']; // nothing else is looked at
      const problems = [...candidateProblems({ policies })];
      if (want === undefined) assert.deepEqual(problems, []);
      else assert.match(problems[0]?.message ?? '', want);
    });
});
