/**
 * The shape of a large production deployment of Calico: 294 policies × 68 rules, a quarter of which ask for the source by a
 * selector over 3,708 network sets with about 256,000 members; the request misses them all.
 * @module
 */
import { usualDialect } from '../src/policy/dialects/contribution.ts';
import { joinPolicies } from '../src/policy/load.ts';
import type { PolicyModel } from '../src/policy/model.ts';
import { readPolicies } from '../src/policy/read-policies.ts';

const POLICIES = 294;
const RULES = 68;
/** How many sets have how many members. */
const setSizes: readonly (readonly [sets: number, members: number])[] = [
  [4, 0],
  [3_035, 4],
  [446, 40],
  [64, 400],
  [158, 1_060],
  [1, 54_566],
];

export const calicoRules = POLICIES * RULES;

/** Reads the policies from YAML, as a user's. */
export function calicoModel(): PolicyModel {
  const text = [...networkSets(), ...Array.from({ length: POLICIES }, (_, i) => policy(i))].join('---\n');
  const file = readPolicies('calico.yaml', text, {
    ...usualDialect,
    forClusters: 'warning',
  });
  const error = file.findings.find(({ severity }) => severity === 'error');
  if (error !== undefined) throw new Error(`${error.line}: ${error.message}`);
  const planes = { calico: 'enforce', l4: 'off' } as const;
  return joinPolicies([file], { generation: 1, absence: 'upstream', rootNamespace: 'istio-system', planes }).model;
}

function networkSets(): string[] {
  const out: string[] = [];
  let member = 0;
  for (const [sets, members] of setSizes) {
    for (let i = 0; i < sets; i++) {
      const name = `set-${out.length}`;
      const nets = Array.from({ length: members }, () => `"${address(member++)}/32"`).join(', ');
      out.push(`${head('GlobalNetworkSet', name, `  labels: {set: ${name}}\n`)}spec:\n  nets: [${nets}]\n`);
    }
  }
  return out;
}

/** Addresses of 10.0.0.0/8; the request comes from elsewhere. */
const address = (n: number): string => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
const head = (kind: string, name: string, more = ''): string =>
  `apiVersion: projectcalico.org/v3\nkind: ${kind}\nmetadata:\n  name: ${name}\n${more}`;

function policy(i: number): string {
  const rules = Array.from({ length: RULES }, (_, rule) => oneRule(i * RULES + rule));
  return `${head('GlobalNetworkPolicy', `policy-${i}`)}spec:\n  order: ${i}\n  types: [Ingress]\n  ingress:\n${rules.join('')}`;
}

/** Ten rules deny, one allows, the rest pass. */
function oneRule(n: number): string {
  const action = n % 1_999 === 7 ? 'Deny' : n === 12_345 ? 'Allow' : 'Pass';
  const source =
    n % 4 === 0
      ? `    selector: set == "set-${(n / 4) % 3_708}"\n`
      : `    nets: ["172.${16 + (n % 16)}.${(n >> 4) & 255}.0/24"]\n`;
  const http = action === 'Allow' ? `  http:\n    methods: [GET]\n    paths: [{prefix: /service-${n}}]\n` : '';
  const rule = `action: ${action}\n  protocol: TCP\n  source:\n${source}  destination:\n    ports: [${1_024 + (n % 3_000)}]\n${http}`;
  return `  - ${rule.trimEnd().split('\n').join('\n  ')}\n`;
}
