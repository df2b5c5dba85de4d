/**
 * Gives pods that are known by their templates alone an address, as each has one when it runs.
 * @module
 */
import { parseIp } from '../../lib/ip-address.ts';
import type { PolicyModel } from '../../policy/model.ts';
import { withEndpoints } from '../../policy/registry/join-registry.ts';
import { type Endpoint, emptyRegistry } from '../../policy/registry/registry.ts';
import { createAddressInterest } from '../classes/address-interest.ts';
import { BoundMet } from '../regions/bound.ts';
import { askedRanges } from './asked-ranges.ts';

/** Hands out addresses that nobody has, near those of pods: policies say the same of both. */
export interface AddressGiver {
  nextFor(namespace: string): string;
}

/** Without pods of today to be near to. */
const NOWHERE = '10.255.0.0';

/** Addresses that are tried after each that a pod has. */
const TRIES = 65_536;

/** Where an address is looked for, and what policies say of those there. */
interface Place {
  readonly near: string;
  readonly kind: string;
}

/** Starts from the pods of a model. */
export function createAddressGiver(model: PolicyModel): AddressGiver {
  const { endpoints } = model.registry ?? emptyRegistry;
  const interest = createAddressInterest();
  for (const range of askedRanges(model)) interest.add(range);
  const taken = new Set(endpoints.flatMap(({ addresses }) => addresses.map(bare)));
  /** By place: the first that was not tried there. */
  const next = new Map<string, number>();
  const around = ({ near, kind }: Pick<Place, 'near'> & Partial<Place>): string | undefined => {
    const base = numberOf(near);
    const place = `${near} ${kind ?? 'any'}`;
    for (let offset = next.get(place) ?? 1; offset < TRIES; offset++) {
      const address = textOf((base + offset) % 2 ** 32);
      if (taken.has(address) || (kind !== undefined && interest.signatureOf(address) !== kind)) continue;
      next.set(place, offset + 1);
      taken.add(address);
      return address;
    }
    next.set(place, TRIES);
    return undefined;
  };
  const everywhere = addressesOf(endpoints);
  const places = new Map<string, readonly Place[]>();
  const placesOf = (namespace: string): readonly Place[] => {
    const own = addressesOf(endpoints.filter((one) => one.namespace === namespace));
    return [...new Set([...own, ...everywhere, NOWHERE])].map((near) => ({ near, kind: interest.signatureOf(near) }));
  };
  return {
    nextFor(namespace) {
      const known = places.get(namespace) ?? placesOf(namespace);
      places.set(namespace, known);
      for (const place of known) {
        const found = around(place);
        if (found !== undefined) return found;
      }
      const last = around({ near: NOWHERE });
      if (last === undefined) throw new BoundMet(`more than ${TRIES} pods without an address`);
      return last;
    },
  };
}

const bare = (address: string): string => address.replace(/\/(32|128)$/, '');

const MOST_PLACES = 64;

/** Some IPv4 addresses of pods that are not on their node's network. */
const addressesOf = (endpoints: readonly Endpoint[]): readonly string[] =>
  endpoints
    .filter(({ hostNetwork }) => !hostNetwork)
    .flatMap(({ addresses }) => addresses.map(bare))
    .filter((address) => parseIp(address)?.length === 4)
    .slice(0, MOST_PLACES);

const numberOf = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

const textOf = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');

/** The model in which every pod has an address. */
export function withAddresses(model: PolicyModel): PolicyModel {
  const { registry } = model;
  if (registry === undefined || registry.endpoints.every(({ addresses }) => addresses.length > 0)) return model;
  const giver = createAddressGiver(model);
  const endpoints = registry.endpoints.map((one) =>
    one.addresses.length > 0 || one.hostNetwork ? one : { ...one, addresses: [giver.nextFor(one.namespace)] },
  );
  return { ...model, registry: withEndpoints(registry, endpoints) };
}
