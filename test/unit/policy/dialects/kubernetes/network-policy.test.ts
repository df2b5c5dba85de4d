import assert from 'node:assert/strict';
import { readPolicies } from '../../../../../src/policy/read-policies.ts';
import { mesh, networkPolicy } from '../../../../support/planted.ts';

const rule = (fields: string): string => networkPolicy(`{ podSelector: {}, ingress: [{ ${fields} }] }`);
const ports = (one: string): string => rule(`ports: [{ ${one} }]`);
const peer = (one: string): string => rule(`from: [{ ${one} }]`);
const block = (fields: string): string => peer(`ipBlock: { ${fields} }`);
const selector = (fields: string): string => networkPolicy(`{ podSelector: { ${fields} } }`);

/** As the API server validates them, each by the code of what it refuses. */
const refused: Readonly<Record<string, readonly [text: string, code: string]>> = {
  'a port of 0': [ports('port: 0'), 'port-invalid'],
  'a port above 65535': [ports('port: 65536'), 'port-invalid'],
  'a range that ends before it begins': [ports('port: 10, endPort: 9'), 'port-invalid'],
  'a range from a name': [ports('port: http, endPort: 90'), 'end-port-named'],
  'an end without a beginning': [ports('endPort: 90'), 'end-port-alone'],
  'a name in capitals': [ports('port: HTTP'), 'port-name'],
  'a name of digits': [ports('port: "80"'), 'port-name'],
  'a protocol in small letters': [ports('protocol: tcp, port: 1'), 'enum'],
  'a block that is an address': [block('cidr: 10.0.0.1'), 'net-invalid'],
  'a block with a zone': [block('cidr: "fe80::1%eth0/64"'), 'net-invalid'],
  'an exception beside its block': [block('cidr: 10.0.0.0/8, except: [11.0.0.0/16]'), 'except-outside'],
  'an exception wider than its block': [block('cidr: 10.0.0.0/16, except: [10.0.0.0/8]'), 'except-outside'],
  'an exception of the whole block': [block('cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.9.9.9/8]'), 'except-outside'],
  'an exception of the other family': [block('cidr: 10.0.0.0/8, except: ["fd00::/16"]'), 'except-outside'],
  'In without values': [selector('matchExpressions: [{ key: a, operator: In, values: [] }]'), 'selector-values'],
  'Exists with values': [selector('matchExpressions: [{ key: a, operator: Exists, values: [b] }]'), 'selector-values'],
};

const accepted: Readonly<Record<string, string>> = {
  'a range of one': ports('port: 10, endPort: 10'),
  'a protocol alone': ports('protocol: SCTP'),
  'a port that is anything': rule('ports: [{}]'),
  'nobody named, who is anybody': rule('from: []'),
  'bits beyond a block': block('cidr: 10.0.0.1/8, except: [10.1.2.3/16]'),
};

describe('what is refused of a NetworkPolicy', () => {
  const errorsOf = (text: string): readonly string[] =>
    readPolicies('a.yaml', text, mesh).findings.flatMap(({ severity, code }) => (severity === 'error' ? [code] : []));
  for (const [name, [text, code]] of Object.entries(refused)) it(name, () => assert.deepEqual(errorsOf(text), [code]));
  for (const [name, text] of Object.entries(accepted)) it(`not ${name}`, () => assert.deepEqual(errorsOf(text), []));
});
