import assert from 'node:assert/strict';
import { clauseField } from '../../../../../src/policy/dialects/site/clause-field.ts';
import { createReporter } from '../../../../../src/policy/documents/finding.ts';
import { parseChunk } from '../../../../../src/policy/documents/yaml/parse.ts';
import { splitDocuments } from '../../../../../src/policy/documents/yaml/split.ts';
import type { Atom } from '../../../../../src/policy/model.ts';

const address = (fact: 'source' | 'destination', ...texts: string[]): Atom => ({
  ...{ op: 'address', fact, any: texts.map((text) => ({ text })) },
});
const port = (fact: 'sourcePort' | 'destinationPort'): Atom => ({ op: 'port', fact, any: [{ from: 1, to: 2 }] });
const protocol: Atom = { op: 'protocol', any: [6] };

const siteRule = '{ from: [10.0.0.0/8], to: [10.1.0.0/16], ports: [1-2], sourcePorts: [1-2], protocols: [TCP] }';
const inbound = `{ direction: Inbound, protocol: Tcp, sourceAddressPrefix: VirtualNetwork, sourcePortRange: "",
  sourcePortRanges: ["1-2"], destinationPortRange: 1-2, destinationAddressPrefix: null, destinationAddressPrefixes: [10.1.0.4] }`;
const grouped =
  '{ direction: OUTBOUND, destinationAddressPrefix: "", destinationApplicationSecurityGroups: [{ id: x }] }';

const cases: readonly (readonly [name: string, rule: string, atom: Atom, want: string | undefined])[] = [
  ['callers of SiteRules', siteRule, address('source', '10.0.0.0/8'), 'from'],
  ['those called', siteRule, address('destination', '10.1.0.0/16'), 'to'],
  ['ports', siteRule, port('destinationPort'), 'ports'],
  ['ports of callers', siteRule, port('sourcePort'), 'sourcePorts'],
  ['protocols', siteRule, protocol, 'protocols'],
  ['a tag, by the end that the group does not guard', inbound, address('source', '10.0.0.0/8'), 'sourceAddressPrefix'],
  ['the plural form', inbound, address('destination', '10.1.0.4'), 'destinationAddressPrefixes'],
  ['the subnets, which stand elsewhere', inbound, address('destination', '10.1.0.0/16'), undefined],
  ['one port range', inbound, port('destinationPort'), 'destinationPortRange'],
  ['several port ranges', inbound, port('sourcePort'), 'sourcePortRanges'],
  ['a protocol of Azure', inbound, protocol, 'protocol'],
  ['groups', grouped, address('destination', '10.9.0.0/16'), 'destinationApplicationSecurityGroups'],
  ['what is not written', grouped, port('destinationPort'), undefined],
];

describe('clauseField', () => {
  for (const [name, text, atom, want] of cases)
    it(`names the field of ${name}`, () => {
      const [chunk] = splitDocuments(text).chunks;
      const rule = parseChunk(chunk!, createReporter('site.yaml'));
      assert.equal(rule?.is, 'map');
      assert.equal(rule?.is === 'map' ? clauseField(rule, atom) : '', want);
    });
});
