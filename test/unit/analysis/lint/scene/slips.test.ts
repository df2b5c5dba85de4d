import assert from 'node:assert/strict';
import { slipOfWord } from '../../../../../src/analysis/lint/scene/slips.ts';

const slips: readonly (readonly [word: string, meant: string])[] = [
  ['wbe', 'web'],
  ['Web-App', 'webapp'],
  ['forntend', 'frontend'],
  ['backends', 'backend'],
  ['postgresql', 'postgres'],
  ['payment-servce', 'payment-service'],
  ['app.kubernetes.io/nmae', 'app.kubernetes.io/name'],
];

const others: readonly (readonly [word: string, known: string])[] = [
  ['v1', 'v2'],
  ['v10', 'v1'],
  ['shard-1', 'shard-2'],
  ['web', 'webhook'],
  ['api', 'app'],
  ['a', 'b'],
  ['east', 'west'],
  ['ingress', 'egress'],
  ['internal', 'external'],
  ['stable', 'unstable'],
  ['argocd-server', 'argocd-repo-server'],
  ['asset-service-db', 'asset-service'],
  ['team-red', 'team-blue'],
];

describe('slipOfWord', () => {
  for (const [word, meant] of slips)
    it(`takes ${word} for ${meant}`, () => assert.equal(slipOfWord(word, ['other', meant]), meant));
  for (const [word, known] of others)
    it(`takes ${word} for no slip of ${known}`, () => assert.equal(slipOfWord(word, [known]), undefined));

  it('takes nothing for a slip among very many', () => {
    const many = Array.from({ length: 3_000 }, (_, i) => `name${i}`);
    assert.equal(slipOfWord('wbe', ['web', ...many]), undefined);
  });
});
