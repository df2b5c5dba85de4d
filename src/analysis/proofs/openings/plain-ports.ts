/**
 * Where PeerAuthentication lets callers in without a certificate.
 * @module
 */
import { selectTransport } from '../../../policy/meaning/transport-stage.ts';
import { partiesOf, workloadAt } from '../world.ts';
import type { OpeningsScene } from './scene.ts';

/** A workload that does not demand mTLS everywhere. */
export interface PlainPort {
  readonly workload: string;
  /** Undefined: every port that has no mode of its own. */
  readonly port: number | undefined;
  /** `unknown`: its labels are not known, so nobody can say which policy is about it. */
  readonly mode: 'disable' | 'permissive' | 'unknown';
}

/** Of each workload, the first port that is not strict. */
export function plainPorts({ planes, residents, context, nameOf }: OpeningsScene): readonly PlainPort[] {
  const stages = planes.flatMap((plane) => plane.stages.filter((stage) => stage.kind === 'transport'));
  return residents.flatMap((one, at): PlainPort[] => {
    if (one?.endpoint === undefined) return [];
    const workload = nameOf(at);
    for (const party of partiesOf(one)) {
      const demands = stages.map((stage) => selectTransport(stage, workloadAt(one, party, context), context));
      if (demands.length === 0) return [{ workload, port: undefined, mode: 'permissive' }];
      for (const { everyPort, ports, undecided } of demands) {
        if (undecided !== undefined) return [{ workload, port: undefined, mode: 'unknown' }];
        for (const [port, { mode }] of [[undefined, everyPort] as const, ...ports])
          if (mode !== 'strict') return [{ workload, port, mode }];
      }
    }
    return [];
  });
}
