/**
 * `node test/differential/judge-regions.ts`: asks z3 about `REGIONS` regions of worlds drawn from `PROOFS_SEED`; exit 1 if one differs.
 * @module
 */
import { createReport } from './report.ts';
import { judgeRegions, problemIn } from './z3/judge.ts';

const seed = Number(process.env['PROOFS_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const wanted = Number(process.env['REGIONS'] ?? 20_000);
const report = createReport();
const judgement = await judgeRegions({ seed, regions: wanted });
const { regions, empty, asked, unknown, samples } = judgement;
const told = `${regions} regions (${empty} empty), ${asked} questions (${unknown} without an answer), ${samples} requests`;
report.check(`z3, seed ${seed}: ${told}`, problemIn(judgement));
process.exit(report.end() ? 0 : 1);
