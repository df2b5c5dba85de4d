/**
 * Joins what the planes say of one request: all that are enforced must allow; the observed ones are told.
 * @module
 */
import type { Decision } from '../decision.ts';
import type { Facts } from '../facts.ts';
import { joined } from '../meaning/join-decisions.ts';
import { decidedBy, decidingRules, together } from '../rules/deciding-rule.ts';
import type { PlaneProgram } from './plane-program.ts';

/** Joined programs of one workload. */
export function joinPlanes(enforced: readonly PlaneProgram[], observed: readonly PlaneProgram[]): PlaneProgram {
  const [only] = enforced;
  if (only !== undefined && enforced.length === 1 && observed.length === 0) return only;
  const programs = [...enforced, ...observed];
  const join = remembered((made) => {
    const [deciding, watching] = [made.slice(0, enforced.length), made.slice(enforced.length)];
    return decidedBy(joined(deciding, watching), rulesOf(deciding, watching));
  });
  return (facts: Facts) => {
    let node = join.root;
    for (const program of programs) node = join.step(node, program(facts));
    return join.outcome(node);
  };
}

/** All that allowed, or the first that denied; and those of the planes that are observed only. */
function rulesOf(deciding: readonly Decision[], watching: readonly Decision[]) {
  const denied = deciding.find(({ effect }) => effect === 'deny');
  return together(...[...(denied ? [denied] : deciding), ...watching].map(decidingRules));
}

interface Node {
  readonly path: readonly Decision[];
  readonly next: Map<Decision, Node>;
  outcome: Decision | undefined;
}

const MOST_NODES = 8192;

/** Equal sequences of decisions come to one object, so that answers can be prepared. */
function remembered(join: (made: readonly Decision[]) => Decision) {
  const root: Node = { path: [], next: new Map(), outcome: undefined };
  let count = 0;
  return {
    root,
    step(node: Node, made: Decision): Node {
      let next = node.next.get(made);
      if (next === undefined) {
        if (++count > MOST_NODES) {
          root.next.clear();
          count = 0;
        }
        next = { path: [...node.path, made], next: new Map(), outcome: undefined };
        node.next.set(made, next);
      }
      return next;
    },
    outcome(node: Node): Decision {
      node.outcome ??= join(node.path);
      return node.outcome;
    },
  };
}
