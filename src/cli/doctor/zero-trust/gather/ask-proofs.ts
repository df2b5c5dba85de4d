/**
 * Asks the files of policy and registry, by the exact engine.
 * @module
 */
import { openPorts } from '../../../../analysis/proofs/openings/open-ports.ts';
import { inboundOpenings, type Opening, outboundOpenings } from '../../../../analysis/proofs/openings/openings.ts';
import { plainPorts } from '../../../../analysis/proofs/openings/plain-ports.ts';
import { createOpeningsScene, half } from '../../../../analysis/proofs/openings/scene.ts';
import { createReplay } from '../../../../analysis/proofs/replay.ts';
import { BoundMet, createEffort } from '../../../../analysis/regions/bound.ts';
import { residentOf } from '../../../../analysis/universe/universe.ts';
import { withPodsToCome } from '../../../../analysis/universe/with-pods-to-come.ts';
import type { Plane, PlaneId, PolicyModel } from '../../../../policy/model.ts';
import { emptyRegistry } from '../../../../policy/registry/registry.ts';
import type { ProofSide } from '../../../../server/policy/proof-side.ts';
import type { Known, ProofEvidence, WorkloadEvidence } from '../evidence.ts';

/** All requests, pods of today and to come. @param timeoutMs  after that it is unknown */
export function askProofs(side: ProofSide, timeoutMs: number): Known<ProofEvidence> {
  try {
    const { planes, allowEmpty } = side;
    const ahead = withPodsToCome(side);
    const effort = createEffort(timeoutMs);
    const scene = createOpeningsScene({
      side: ahead.side,
      coming: ahead.coming,
      planes,
      allowEmpty,
      effort,
      trustedHops: side.options.trustedHops,
    });
    const { unnamed, anonymous } = inboundOpenings(scene);
    const unnamedOut = outboundOpenings(scene);
    const wrong =
      disagreement([...unnamed, ...anonymous], ahead.side.model, side, (plane) => half(plane, 'ingress')) ??
      disagreement(unnamedOut, ahead.side.model, side, (plane) => half(plane, 'egress'), 'l4');
    if (wrong !== undefined) return { why: wrong };
    return {
      value: {
        unnamedIn: unnamed,
        unnamedOut,
        anonymous,
        openPorts: openPorts(scene),
        plainPorts: plainPorts(scene),
        plainKeySets: plainKeySets(side),
        notAhead: ahead.looksAtNamespaces ? '' : 'policies look at parts of their names',
      },
    };
  } catch (thrown) {
    if (!(thrown instanceof BoundMet)) throw thrown;
    return { why: `it cannot be proved: ${thrown.message}` };
  }
}

/** Asks the decision about the requests that pass: what is told of openings was decided so. */
function disagreement(
  openings: readonly Opening[],
  model: PolicyModel,
  { options, allowEmpty }: ProofSide,
  halfOf: (plane: Plane) => Plane,
  only?: PlaneId,
): string | undefined {
  if (openings.length === 0) return undefined;
  const planes = model.planes
    .filter(({ id, mode }) => (only === undefined ? mode === 'enforce' : id === only))
    .map((plane): Plane => ({ ...(plane.id === 'l4' ? halfOf(plane) : plane), mode: 'enforce' }));
  const replay = createReplay({ ...model, planes }, options, allowEmpty || only !== undefined);
  for (const { workload, other, witness } of openings) {
    const got = witness && (replay(witness)?.effect ?? 'unreadable');
    if (got !== undefined && got !== 'allow')
      return `the proof finds a way between ${other} and ${workload}, and the decision says ${got}; please report ${JSON.stringify(witness?.request)}`;
  }
  return undefined;
}

function plainKeySets({ planes }: ProofSide): readonly string[] {
  const rules = planes.flatMap(({ stages }) =>
    stages.flatMap((stage) => (stage.kind === 'token' ? stage.policies.flatMap((policy) => policy.rules) : [])),
  );
  const urls = rules.flatMap(({ keys }) =>
    keys.from === 'uri' ? [keys.uri] : keys.from === 'discovery' ? [keys.issuer] : [],
  );
  return [...new Set(urls.filter((url) => url.toLowerCase().startsWith('http:')))];
}

/** The workloads of the registry, by the names of their certificates. */
export function registeredWorkloads(side: ProofSide): readonly WorkloadEvidence[] {
  const { endpoints, namespaces } = side.model.registry ?? emptyRegistry;
  const optedOutIn = new Set(
    namespaces
      .filter(({ labels }) => labels.some(([key, value]) => key === 'istio-injection' && value === 'disabled'))
      .map(({ name }) => name),
  );
  const unplaced = new Set(side.unplaced);
  const byName = Map.groupBy(endpoints, (one) => {
    const resident = residentOf(one, side);
    return resident?.endpoint === undefined ? '' : resident.principal;
  });
  return [...byName].map(([spiffeId, pods]): WorkloadEvidence => {
    const named = (isWanted: (pod: (typeof pods)[number]) => boolean): readonly string[] =>
      pods.filter(isWanted).map(({ namespace, name }) => `${namespace}/${name}`);
    return {
      spiffeId,
      pods: named(() => true),
      onNode: named(({ hostNetwork }) => hostNetwork),
      unplaced: named(({ namespace, name }) => unplaced.has(`${namespace}/${name}`)),
      optedOut: named(({ namespace, labels }) => {
        const wish = labels.find(([key]) => key === 'sidecar.istio.io/inject')?.[1];
        return wish === undefined ? optedOutIn.has(namespace) : wish === 'false';
      }),
    };
  });
}
