/**
 * What the planes beside Istio's said of a request that an Envoy has let pass: worked out anew, since a report names the rule of Istio alone.
 * @module
 */
import { toAddress } from '../../authz/facts/client-address.ts';
import type { NativeWorkload } from '../../authz/native/native-deps.ts';
import type { ReportedLine } from '../../authz/native/reports/reported-line.ts';
import { toByteString } from '../../lib/byte-string.ts';
import { Compilations } from '../../policy/compile/compilations.ts';
import { compileSnapshot } from '../../policy/compile/compile-snapshot.ts';
import type { Decision } from '../../policy/decision.ts';
import type { Destination, Facts } from '../../policy/facts.ts';
import type { PolicyModel } from '../../policy/model.ts';
import type { Snapshot } from '../../policy/snapshot.ts';

/** Decides a reported request by these planes alone; undefined: there are none, or they would not let it pass now. */
export type DecideByPlanes = (line: ReportedLine, workload: NativeWorkload) => Decision | undefined;

interface Made {
  readonly model: PolicyModel;
  /** Undefined: there is no such plane. */
  readonly snapshot: Snapshot | undefined;
  /** By their places: a snapshot looks once for what applies to each. */
  readonly destinations: Map<string, Destination>;
}

const MOST_DESTINATIONS = 4_096;

/** Creates it for a model; its planes are compiled when the first request is told of. */
export function createDecideByPlanes(model: () => PolicyModel): DecideByPlanes {
  const compilations = new Compilations();
  let made: Made | undefined;
  return (line, workload) => {
    if (line.effect !== 'allow') return undefined;
    const now = model();
    if (made?.model !== now) {
      const planes = now.planes.filter(({ id, mode }) => id !== 'istio' && mode !== 'off');
      const snapshot =
        planes.length === 0 ? undefined : compileSnapshot({ ...now, planes }, { allowEmpty: true, compilations });
      made = { model: now, snapshot, destinations: new Map() };
    }
    const { snapshot, destinations } = made;
    if (snapshot === undefined) return undefined;
    const labels = workload.labels && [...workload.labels];
    const place = JSON.stringify([workload.spiffeId, labels, line.address]);
    const destination = destinations.get(place) ?? { ...workload };
    if (destinations.size < MOST_DESTINATIONS) destinations.set(place, destination);
    const decided = snapshot.decide(factsOf(line, destination));
    return decided.effect === 'allow' ? decided : undefined;
  };
}

const TCP = 6;

/** A line has no headers, no claims and no query. */
function factsOf(line: ReportedLine, destination: Destination): Facts {
  const { protocol, caller, names, port, sourcePort, method, host, path, sni, shown } = line;
  const source = toAddress(line.sourceAddress);
  const isHttp = protocol === 'http';
  return {
    ...{ protocol, destination, destinationPort: port, sourcePort, ipProtocol: TCP },
    ...{ sourceAddress: source, remoteAddress: source, destinationAddress: toAddress(line.address) },
    ...{ sourcePrincipal: toByteString(caller || (names[0] ?? '')), destinationPrincipal: toByteString(shown) },
    ...{ peerNames: names.map(toByteString), sourceLabels: new Map() },
    method: isHttp ? toByteString(method) : '',
    path: isHttp ? toByteString(path) : undefined,
    host: isHttp ? toByteString(host) : undefined,
    sni: sni === '' ? undefined : toByteString(sni),
    ...{ header: () => [], claim: () => [], metadata: () => [], verifyTokens: () => ({ accepted: true }) },
  };
}
