/**
 * Behind which Services pods that do not exist will be: those whose selectors take them.
 *
 * Places that a Service has by EndpointSlices of its own are for whoever writes them to say: pods to come may be among them or not.
 * @module
 */
import { type Endpoint, type ServiceEntry, serviceKey } from '../../policy/registry/registry.ts';
import { createServiceJoin } from '../../policy/registry/service-join.ts';
import { BoundMet } from '../regions/bound.ts';
import { ALL, NONE, type Region } from '../regions/diagrams.ts';
import type { LabelSpace } from './label-space.ts';

/** The Services of today, before pods to come. */
export interface ServicesAhead {
  /** The pods of a namespace that a Service selects. @throws BoundMet if that is not known of it */
  selectedBy(key: string, namespace: string, space: LabelSpace): Region;
  /** Names of ports that Services of a namespace send to. */
  targetsOf(keys: ReadonlySet<string>, namespace: string): readonly string[];
  /** A pod with the ports at which Services reach it. */
  join(endpoint: Endpoint): Endpoint;
}

/** Puts them together. */
export function createServicesAhead(services: readonly ServiceEntry[]): ServicesAhead {
  const byKey = new Map(services.map((one) => [serviceKey(one.namespace, one.name), one]));
  const { join } = createServiceJoin(services, []);
  return {
    join,
    selectedBy(key, namespace, { diagrams, label }) {
      if (!key.startsWith(serviceKey(namespace, ''))) return NONE;
      const service = byKey.get(key);
      if (service === undefined || service.selector.length === 0)
        throw new BoundMet(`pods to come behind ${key}, ${service ? 'which has no selector' : 'which does not exist'}`);
      const asked = service.selector.map(([name, value]) => label(name, { op: 'in', key: name, values: [value] }));
      return asked.reduce((a, b) => diagrams.and(a, b), ALL);
    },
    targetsOf: (keys, namespace) =>
      [...keys].flatMap((key) => {
        const service = byKey.get(key);
        if (service?.namespace !== namespace) return [];
        return service.ports.flatMap(({ target }) => (/^\d+$/.test(target) ? [] : [target]));
      }),
  };
}
