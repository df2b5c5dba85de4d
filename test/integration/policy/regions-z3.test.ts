import assert from 'node:assert/strict';
import { judgeRegions, problemIn } from '../../differential/z3/judge.ts';
import type { Fault } from '../../differential/z3/worlds.ts';

const REGIONS = 150;

describe('z3 as a judge of regions', function () {
  this.timeout(300_000);

  it('finds what the diagrams say', async () => {
    const judgement = await judgeRegions({ seed: 1, regions: REGIONS });
    assert.equal(problemIn(judgement), undefined);
    assert.ok(judgement.regions >= REGIONS && judgement.samples > REGIONS, JSON.stringify(judgement));
  });

  const faults: readonly (readonly [name: string, fault: Fault, want: RegExp])[] = [
    [
      'one port too many',
      (region, { diagrams, port }) => diagrams.or(region, diagrams.where(port.id, port.domain.of([[80, 80]]))),
      /not empty by the diagrams, unsat by z3/,
    ],
    ['no certificate asked for', (region, { diagrams, mtls }) => diagrams.without(mtls, region), /differ/],
    [
      'connections forgotten',
      (region, { diagrams, transport }) => diagrams.and(region, diagrams.where(transport, 1)),
      /z3 allows|, sat by z3/,
    ],
  ];
  for (const [name, fault, want] of faults)
    it(`sees ${name}`, async () =>
      assert.match(problemIn(await judgeRegions({ seed: 1, regions: REGIONS, fault })) ?? '', want));
});
