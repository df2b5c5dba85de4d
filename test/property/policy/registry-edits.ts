/**
 * Registries after one edit after another, over the alphabet of the random models: pods, namespaces, accounts, Services, network sets.
 * @module
 */
import type { RegistryParts } from '../../../src/policy/registry/join-registry.ts';
import type {
  Endpoint,
  LabelPairs,
  NetworkSet,
  ServiceEntry,
  SliceEntry,
} from '../../../src/policy/registry/registry.ts';

/** A whole number from 0 on. */
export type Random = (below: number) => number;

/** The same numbers for the same seed. */
export function createRandom(seed: number): Random {
  let state = seed + 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const labelChoices: readonly LabelPairs[] = [[], [['app', 'details']], [['app', 'other']], [['tier', 'x']]];
const addresses = ['10.0.0.1', '10.0.1.1', '10.1.0.1', 'fd00::1', 'fd00:1::1', '10.9.9.9'];
const nets = ['10.0.0.0/8', '10.0.0.0/24', '10.0.0.1/32', '0.0.0.0/0', 'fd00::/16', '::/0'];
const namespaces = ['default', 'foo', 'bar'];
const accounts = ['a', 'b', 'details'];

/** Makes things at random, each with a name of its own. */
function createThings(random: Random) {
  let count = 0;
  const among = <T>(of: readonly T[]): T => of[random(of.length)]!;
  const pod = (): Endpoint => ({
    namespace: among(namespaces),
    name: `p${count++}`,
    serviceAccount: among(accounts),
    labels: among(labelChoices),
    // Few of the many are where requests come from.
    addresses: random(4) === 0 ? [among(addresses)] : [`10.200.${random(256)}.${random(256)}`],
    ports: random(2) === 0 ? [] : [{ name: 'web', port: 8080, protocol: 'TCP' }],
    hostNetwork: random(8) === 0,
  });
  const set = (): NetworkSet => ({
    namespace: among(['', ...namespaces]),
    name: `s${count++}`,
    labels: among(labelChoices),
    nets: [among(nets)],
  });
  const service = (): ServiceEntry => ({
    namespace: among(namespaces),
    name: `v${count++}`,
    selector: among(labelChoices),
    ports: [{ target: among(['web', '8080', '80']), own: 80, protocol: 'TCP' }],
  });
  const slice = (): SliceEntry => ({
    namespace: among(namespaces),
    name: `e${count++}`,
    service: `v${random(count)}`,
    addresses: [among(addresses), among(addresses)],
    ports: random(3) === 0 ? [] : [{ port: among([80, 8080]), protocol: 'TCP' }],
  });
  return { among, pod, set, service, slice };
}

/** Creates registries, each of the one before after something that happens in a cluster. */
export function createRegistryEdits(random: Random, size: number): () => RegistryParts {
  const { among, pod, set, service, slice } = createThings(random);
  const many = <T>(count: number, make: () => T): readonly T[] => Array.from({ length: count }, make);
  let parts: RegistryParts = {
    endpoints: many(size, pod),
    namespaces: [{ name: 'default', labels: [] }],
    serviceAccounts: [],
    networkSets: many(3, set),
    services: many(4, service),
    slices: [],
  };
  let away: RegistryParts | undefined;
  const edited = <T>(list: readonly T[], make: () => T): readonly T[] => {
    const at = random(list.length + 1);
    return among([
      () => list.toSpliced(at, 0, make()),
      () => list.toSpliced(at, 1),
      () => list.toSpliced(at, 1, make()),
      () => list.toSpliced(at, 1).toSpliced(random(list.length), 0, ...list.slice(at, at + 1)),
    ])();
  };
  const named = (list: readonly { readonly name: string }[], one: { readonly name: string }) =>
    list.filter(({ name }) => name !== one.name);
  const edits: readonly (() => Partial<RegistryParts>)[] = [
    () => ({ endpoints: edited(parts.endpoints, pod) }),
    () => ({ endpoints: edited(parts.endpoints, pod) }),
    () => ({
      endpoints: parts.endpoints.map((one) => (random(30) === 0 ? { ...one, labels: among(labelChoices) } : one)),
    }),
    () => ({ networkSets: edited(parts.networkSets, set) }),
    () => ({ services: edited(parts.services, service) }),
    () => {
      const of = parts.services[random(parts.services.length)];
      const made = { ...slice(), ...(of && { namespace: of.namespace, service: of.name }) };
      return { slices: edited(parts.slices, () => made) };
    },
    () => {
      const one = { name: among(namespaces), labels: among(labelChoices) };
      return { namespaces: [...parts.namespaces.filter(({ name }) => name !== one.name), one].slice(random(2)) };
    },
    () => {
      const one = { namespace: among(namespaces), name: among(accounts), labels: among(labelChoices) };
      return { serviceAccounts: [...named(parts.serviceAccounts, one), one].slice(random(2)) as (typeof one)[] };
    },
    // A rollout: many at once.
    () => (random(4) === 0 ? { endpoints: parts.endpoints.map((one) => (random(3) === 0 ? pod() : one)) } : {}),
    // All of it shrinks to nothing, and comes back.
    () => {
      if (random(6) > 0) return {};
      const was = parts;
      const now = away ?? {
        endpoints: [],
        namespaces: [],
        serviceAccounts: [],
        networkSets: [],
        services: [],
        slices: [],
      };
      away = away === undefined ? was : undefined;
      return now;
    },
    // Read again: the same content, other values.
    () => (random(3) === 0 ? structuredClone(parts) : {}),
  ];
  return () => {
    parts = { ...parts, ...among(edits)() };
    return parts;
  };
}
