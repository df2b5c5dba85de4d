/**
 * Pods to come with an address such as other pods have: the network gives addresses, and no policy says which.
 * @module
 */
import { parseCidr } from '../../lib/ip-address.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { type Endpoint, emptyRegistry } from '../../policy/registry/registry.ts';
import { createAddressInterest } from '../classes/address-interest.ts';
import { bitsOf, cidrOfBits } from '../regions/addresses.ts';
import { BoundMet } from '../regions/bound.ts';
import { askedRanges, visitAtoms } from './asked-ranges.ts';
import { outsideClasses } from './outside.ts';
import type { PodToCome } from './pods-to-come.ts';

/**
 * Each pod once more at a free address of every other kind that pods of today have. None where policies say the same of all of them.
 *
 * @param others  who has an address
 * @throws BoundMet if there are more than addresses
 */
export function straysOf<P extends Pick<PodToCome, 'endpoint' | 'account'>>(
  coming: readonly P[],
  model: PolicyModel,
  others: readonly Endpoint[],
): readonly P[] {
  const ranges = new Set(askedRanges(model));
  visitAtoms(model.planes, (atom) => {
    if (atom.op === 'address') for (const { text } of atom.any) ranges.add(text);
  });
  const interest = createAddressInterest();
  for (const range of ranges) interest.add(range);
  const { endpoints } = model.registry ?? emptyRegistry;
  const onPodNetwork = endpoints.filter(({ hostNetwork }) => !hostNetwork);
  const kinds = new Set(addressesIn(onPodNetwork).map((address) => interest.signatureOf(address)));
  const free = outsideClasses(addressesIn(others), ranges).flatMap(({ address, cidrs }) => {
    const kind = interest.signatureOf(address);
    return kinds.has(kind) ? [{ kind, addresses: addressesOf(cidrs) }] : [];
  });
  return coming.flatMap((pod) => {
    const own = interest.signatureOf(pod.endpoint.addresses[0]!); // it was given one
    return free.flatMap(({ kind, addresses }, i): P[] => {
      if (kind === own) return [];
      const next = addresses.next();
      if (next.done === true) throw new BoundMet('more pods to come than free addresses like those of other pods');
      const name = `${pod.endpoint.name}-at-${i + 1}`;
      return [{ ...pod, endpoint: { ...pod.endpoint, name, addresses: [next.value] }, account: undefined }];
    });
  });
}

const addressesIn = (endpoints: readonly Endpoint[]): readonly string[] =>
  endpoints.flatMap(({ addresses }) => addresses.map((address) => address.replace(/\/.*$/, '')));

/** The addresses of some ranges, one after the other. */
function* addressesOf(cidrs: readonly string[]): Generator<string, undefined> {
  for (const cidr of cidrs) {
    const range = parseCidr(cidr);
    if (range === undefined) continue;
    const prefix = bitsOf(range);
    const width = range.bytes.length * 8 - range.bits;
    for (let i = 0; i < 2 ** width; i++) {
      const rest = width === 0 ? '' : i.toString(2).padStart(width, '0');
      yield cidrOfBits(`${prefix}${rest}`).replace(/\/\d+$/, '');
    }
  }
}
