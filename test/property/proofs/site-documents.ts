/**
 * Random documents of the site: firewalls' rules, and security groups as Azure's own command prints them.
 * @module
 */
import type { Chance } from '../../reference/calico-random.ts';
import { securityGroup } from '../../support/security-group.ts';
import type { Fields } from './vocabulary.ts';

const ranges = ['10.0.0.0/8', '10.0.0.0/30', '10.0.0.2', '0.0.0.0/0', 'fd00::/16', '198.18.0.0/15'];

/** A layer around the cluster. */
export function siteDocument(chance: Chance, i: number): Fields {
  return chance.odds(0.6) ? siteRules(chance, i) : group(chance, i);
}

function siteRules(chance: Chance, i: number): Fields {
  const rules = Array.from({ length: chance.below(4) }, (_, at) => {
    const hasPorts = chance.odds(0.5);
    return {
      name: `r${at}`,
      priority: 10 * (at + 1),
      action: chance.of(['allow', 'allow', 'deny']),
      ...(chance.odds(0.6) && { from: chance.some(ranges, 2) }),
      ...(chance.odds(0.5) && { to: chance.some(ranges, 2) }),
      ...((hasPorts || chance.odds(0.4)) && { protocols: [chance.of(['TCP', 'UDP', 'SCTP'])] }),
      ...(hasPorts && { ports: chance.some<unknown>([80, '80-443', 8080, '1-65535'], 2) }),
      ...(hasPorts && chance.odds(0.1) && { sourcePorts: ['1024-65535'] }),
    };
  });
  const spec = { default: chance.of(['deny', 'allow', 'allow']), rules };
  return { apiVersion: 'site.gatehouse.dev/v1', kind: 'SiteRules', metadata: { name: `s${i}` }, spec };
}

function group(chance: Chance, i: number): Fields {
  const rules = Array.from({ length: chance.below(4) }, (_, at) => ({
    priority: 100 + at,
    direction: chance.of(['Inbound', 'Inbound', 'Outbound']),
    access: chance.of(['Allow', 'Allow', 'Deny']),
    protocol: chance.of(['*', 'Tcp', 'Udp']),
    sourceAddressPrefix: chance.of(['*', 'VirtualNetwork', '10.0.0.0/30', '198.18.0.0/15']),
    destinationAddressPrefix: chance.of(['*', 'VirtualNetwork', '10.0.0.2']),
    destinationPortRange: chance.of(['*', '80', '80-443']),
  }));
  const id = `/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/networkSecurityGroups/edge${i}`;
  return securityGroup(rules, { name: `edge${i}`, id });
}
