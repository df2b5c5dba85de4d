/**
 * Requests between pods of today that a rule is about, and that are decided otherwise: asked of the real decision.
 * @module
 */
import type { RequestForm } from '../../../admin-api/request-form.ts';
import type { Expr } from '../../../policy/model.ts';
import type { Replay } from './asker.ts';
import { effectIn, formOf, type LintScene } from './lint-scene.ts';
import type { Party } from './party.ts';
import type { PlacedRule } from './placed-rule.ts';
import { requestsFor } from './requests.ts';

type All = Extract<Expr, { op: 'all' }>;

/** More requests are not tried. */
const MOST_TRIED = 200;

/** A request that each of some rules would decide were it alone, and that the plane decides otherwise than the first says. */
export function shownToday(placed: PlacedRule, others: readonly PlacedRule[], scene: LintScene): Replay | undefined {
  const asks: All = { op: 'all', of: [placed, ...others].map(({ rule }) => rule.http) };
  let tried = 0;
  for (const form of formsFor(placed, asks, scene)) {
    if (++tried > MOST_TRIED) return undefined;
    if (![placed, ...others].every((each) => scene.decidesAlone(form, each))) continue;
    const replay = scene.show(form);
    const effect = effectIn(replay, placed.plane);
    if (effect !== undefined && effect !== placed.rule.effect) return replay;
  }
  return undefined;
}

function* formsFor({ policy, stage }: PlacedRule, asks: All, scene: LintScene): Generator<RequestForm> {
  const isEgress = stage.direction === 'egress';
  const far: readonly Party[] = [
    ...addressesIn(asks, isEgress ? 'destination' : 'source').map(outside),
    ...(isEgress ? scene.callers : scene.callersOf(asks, 'place')),
  ];
  // Of two values of one thing the first is asked: one of them is the narrower.
  const asked = [asks, { ...asks, of: asks.of.toReversed() }].flatMap(requestsFor);
  for (const own of scene.someOf(policy))
    for (const other of scene.besides(own, far)) {
      const [from, to] = isEgress ? [own, other] : [other, own];
      for (const one of asked)
        for (const port of one.port === undefined ? scene.ports.slice(0, 2) : [one.port]) {
          const form = formOf(from, to, { ...one, port });
          yield form;
          const { http: _, ...bare } = form;
          yield { ...bare, protocol: 'UDP' };
        }
    }
}

const outside = (address: string): Party => ({
  ...{ name: `address ${address}`, namespace: '', principal: '', address, endpoint: undefined },
});

/** The first addresses of the ranges that a condition names for an end. */
function addressesIn(expr: Expr, end: 'source' | 'destination'): readonly string[] {
  if (expr.op === 'all' || expr.op === 'any') return [...new Set(expr.of.flatMap((part) => addressesIn(part, end)))];
  if (expr.op !== 'address' || expr.fact !== end) return [];
  return expr.any.map(({ text }) => text.split('/', 1)[0] ?? text);
}
