/**
 * Istio's own translation of drawn policies, as filters of a third listener. What it means on purpose otherwise is not drawn where it is
 * asked (docs/istio-compatibility.md).
 * @module
 */
import { runJudge } from '../judge.ts';
import type { Place } from './draw-policies.ts';
import type { DrawnSettings } from './draw-settings.ts';

/** In their order. */
export interface IstioFilters {
  readonly http: readonly object[];
  readonly tcp: readonly object[];
}

/** Settings under which Gatehouse is to say what Istio says. */
export const asIstio: Partial<DrawnSettings> = {
  ...{ verifyPeer: 'observe', peerTrustDomains: 'any', ambiguousRequests: 'asUpstream', absence: 'upstream' },
  ...{ revoked: [], paths: 'istio', isEmpty: false, planes: undefined },
};

interface Translated {
  readonly case: string;
  readonly http: readonly object[] | null;
  readonly tcp: readonly object[] | null;
  readonly refused?: string;
}

/** By the names of the places. @throws Error where Istio refuses a document */
export async function istioFilters(
  places: readonly Place[],
  everywhere: readonly string[],
  aliases: readonly string[],
): Promise<ReadonlyMap<string, IstioFilters>> {
  const cases = places.map(({ name, labels = {}, documents }) => ({
    ...{ id: name, namespace: name, labels, aliases, documents: [...everywhere, ...documents], requests: [] },
  }));
  const found = new Map<string, IstioFilters>();
  await runJudge(['translate'], {
    input: cases.map((each) => JSON.stringify(each)).join('\n'),
    onLine: (line) => {
      const { case: name, http, tcp, refused } = JSON.parse(line) as Translated; // the judge's own JSON
      if (refused !== undefined) throw new Error(`${name}: Istio refuses it: ${refused}`);
      found.set(name, { http: http ?? [], tcp: tcp ?? [] });
    },
  });
  return found;
}

/**
 * Whether Istio's filters alone say what Istio means: a connection that STRICT refuses never reaches them, and it knows the labels of every
 * workload.
 */
export const isToldByFilters = ({ documents, labels }: Place, caller: number | undefined): boolean =>
  labels !== undefined && (caller !== undefined || !documents.some((each) => each.includes('PeerAuthentication')));
