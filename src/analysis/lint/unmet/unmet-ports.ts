/**
 * Ports on which no workload listens that the policy selects.
 * @module
 */
import type { PortRange } from '../../../policy/model.ts';
import type { LintScene } from '../scene/lint-scene.ts';
import type { FindUnmet } from './unmet.ts';

/**
 * Looks at the single ports of a rule on what comes in, where every selected workload says on which it listens: a range may well be wider
 * than what is there today.
 */
export function createUnmetPorts(scene: LintScene): FindUnmet {
  return ({ stage, policy }, alternative) => {
    if (stage.direction === 'egress') return undefined;
    const asked = alternative.flatMap((one) => (one.op === 'port' && one.fact === 'destinationPort' ? [one.any] : []));
    if (asked.length === 0 || asked.flat().some((range) => range.from !== range.to || isProxys(range)))
      return undefined;
    const selected = scene.workloadsSelectedBy(policy.subject);
    if (selected.length === 0 || selected.some(({ ports }) => ports.length === 0)) return undefined;
    const open = selected.flatMap(({ ports, behind = [] }) => [...ports, ...behind].map(({ port }) => port));
    if (open.some((port) => asked.every((ranges) => ranges.some(({ from }) => from === port)))) return undefined;
    const ports = new Set(asked.flat().map(({ from }) => from));
    const why = `no selected workload declares that it listens on port ${[...ports].join(', ')}`;
    return { by: 'ports', isMistake: false, why, fix: 'correct the port, or declare it in the containers' };
  };
}

/** The sidecar of a workload listens there, which no pod template declares. */
const isProxys = ({ from }: PortRange): boolean => from >= 15_000 && from <= 15_099;
