/**
 * One workload's request to another, from the names by which people call them.
 * @module
 */
import type * as z from 'zod';
import { pairForm, type RequestForm } from '../admin-api/request-form.ts';
import { GatehouseError } from '../errors.ts';
import { parseIp } from '../lib/ip-address.ts';
import { nearestSearch } from '../lib/nearest.ts';
import type { Endpoint, Registry } from '../policy/registry/registry.ts';
import { parseSpiffeId, serviceAccountOf } from '../spiffe/spiffe-id.ts';
import { readForm } from './read-form.ts';

/** Who asks whom, and for what, as it may be written. */
export type Pair = z.input<typeof pairForm>;

/** Reads a pair as it was sent. @throws GatehouseError `message_invalid`, naming every member that is wrong */
export function readPair(value: unknown): z.output<typeof pairForm> {
  return readForm({ schema: pairForm, name: 'pair', refusal: 'the pair is none' }, value);
}

/** Where names are looked up. */
export interface Neighbourhood {
  readonly trustDomain: string;
  readonly registry: Registry | undefined;
  /** Workloads whose SPIFFE ID may be of another form. */
  readonly workloads: readonly {
    readonly namespace: string;
    readonly serviceAccount: string;
    readonly spiffeId: string;
  }[];
}

/** The request. @throws GatehouseError `message_invalid` if a name is of no known form, `not_found` for an address that no endpoint has and for a name that is nearly one of the registry */
export function requestOfPair({ from, to, port, http }: Pair, around: Neighbourhood): RequestForm {
  for (const name of [from, to]) refuseMistyped(name, around);
  const source = endOf(from, around);
  const destination = endOf(to, around);
  if (destination.principal === undefined)
    throw new GatehouseError(
      'not_found',
      `${to} is no workload of the registry or of workloads[]: name it by its service account or SPIFFE ID`,
      { to },
    );
  const usual = destination.endpoint?.ports[0]?.port;
  const at = port ?? usual;
  const labels = destination.endpoint?.labels ?? [];
  return {
    source: shown(source),
    destination: {
      ...shown(destination),
      ...(at !== undefined && { port: at }),
      ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
    },
    ...(http && { http }),
  };
}

/**
 * A name that nothing in the registry has, while something there is nearly called so, is a slip: asked for as it stands it would be an
 * answer about nobody. A SPIFFE ID is taken as it stands.
 *
 * @throws GatehouseError `not_found`, naming the nearest
 */
function refuseMistyped(name: string, { registry, workloads }: Neighbourhood): void {
  const [, own] = /^[^/]+\/([^/]+)$/.exec(name) ?? [];
  if (registry === undefined || own === undefined) return;
  const known = new Set([
    ...registry.endpoints.flatMap(({ namespace, name: pod, serviceAccount }) => [
      `${namespace}/${serviceAccount}`,
      `${namespace}/${pod}`,
    ]),
    ...registry.serviceAccounts.map(({ namespace, name: own }) => `${namespace}/${own}`),
    ...workloads.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`),
  ]);
  if (known.has(name)) return;
  const search = nearestSearch(name, Math.min(2, Math.max(1, Math.floor(own.length / 3))));
  for (const each of known) search.see(each);
  const near = search.found();
  if (near === undefined) return;
  const message = `${name} is no workload of the registry: did you mean ${near}? If not, write its SPIFFE ID`;
  throw new GatehouseError('not_found', message, { name, nearest: near });
}

interface End {
  readonly principal: string | undefined;
  readonly address: string | undefined;
  readonly endpoint: Endpoint | undefined;
}

const shown = ({ principal, address }: End) => ({
  ...(principal !== undefined && { principal }),
  ...(address !== undefined && { address }),
});

function endOf(name: string, around: Neighbourhood): End {
  const endpoints = around.registry?.endpoints ?? [];
  if (name.startsWith('spiffe://')) {
    const id = parseSpiffeId(name);
    const named = around.workloads.find(({ spiffeId }) => spiffeId === id) ?? serviceAccountOf(id);
    const endpoint = named && endpoints.find((each) => isAccount(each, named.namespace, named.serviceAccount));
    return { principal: id, address: addressOf(endpoint), endpoint };
  }
  if (parseIp(name) !== undefined) {
    const endpoint = endpoints.find(({ addresses }) =>
      addresses.some((each) => each === name || each === `${name}/32` || each === `${name}/128`),
    );
    return { principal: endpoint && idOf(endpoint, around), address: name, endpoint };
  }
  const [namespace, own, ...rest] = name.split('/');
  if (namespace === undefined || own === undefined || own === '' || rest.length > 0)
    throw new GatehouseError(
      'message_invalid',
      `${JSON.stringify(name)} names no workload: write namespace/serviceAccount, namespace/pod, a SPIFFE ID or an address`,
      { name },
    );
  const endpoint =
    endpoints.find((each) => each.namespace === namespace && each.name === own) ??
    endpoints.find((each) => isAccount(each, namespace, own));
  return {
    principal: idOf(endpoint ?? { namespace, serviceAccount: own }, around),
    address: addressOf(endpoint),
    endpoint,
  };
}

const isAccount = (
  each: Pick<Endpoint, 'namespace' | 'serviceAccount'>,
  namespace: string,
  serviceAccount: string,
): boolean => each.namespace === namespace && each.serviceAccount === serviceAccount;

/** The first address that is one, and no range. */
function addressOf(endpoint: Endpoint | undefined): string | undefined {
  return endpoint?.addresses.map((each) => each.replace(/\/(32|128)$/, '')).find((each) => parseIp(each) !== undefined);
}

function idOf(
  { namespace, serviceAccount }: Pick<Endpoint, 'namespace' | 'serviceAccount'>,
  { trustDomain, workloads }: Neighbourhood,
): string {
  const told = workloads.find((each) => isAccount(each, namespace, serviceAccount))?.spiffeId;
  return told ?? `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}
