import assert from 'node:assert/strict';
import { usualDialect } from '../../../../../src/policy/dialects/contribution.ts';
import { registryKinds } from '../../../../../src/policy/dialects/kubernetes/registry-readers.ts';
import { joinPolicies } from '../../../../../src/policy/load.ts';
import { readPolicies } from '../../../../../src/policy/read-policies.ts';

const policy = (spec: string, kind = 'NetworkPolicy'): string => `apiVersion: projectcalico.org/v3
kind: ${kind}
metadata: { name: p${kind.includes('Global') ? '' : ', namespace: shop'} }
spec: ${spec}
`;
const rule = (text: string): string => policy(`{ ingress: [${text}] }`);
const other = (kind: string, name: string, spec: string, more = ''): string =>
  `apiVersion: projectcalico.org/v3\nkind: ${kind}\nmetadata: { name: ${name}${more} }\nspec: ${spec}\n`;

function saidOf(text: string) {
  const file = readPolicies('p.yaml', text, usualDialect);
  const { findings } = file.hasErrors
    ? file
    : joinPolicies([file], { generation: 1, absence: 'upstream', rootNamespace: 'istio-system' });
  return [...file.findings, ...(file.hasErrors ? [] : findings)];
}

/** One error each, with its code and path, a place and a fix. */
const refused: readonly {
  readonly name: string;
  readonly text: string;
  readonly want: string;
  readonly message?: RegExp;
}[] = [
  { name: 'an unknown action', text: rule('{ action: Permit }'), want: 'enum spec.ingress[0].action' },
  { name: 'no action', text: rule('{ protocol: TCP }'), want: 'field-missing spec.ingress[0].action' },
  { name: 'an action in lower case', text: rule('{ action: allow }'), want: 'enum spec.ingress[0].action' },
  {
    name: 'http on Deny',
    text: rule('{ action: Deny, http: { methods: [GET] } }'),
    want: 'http-needs-allow spec.ingress[0].http',
  },
  {
    name: 'http on UDP',
    text: rule('{ action: Allow, protocol: UDP, http: { methods: [GET] } }'),
    want: 'http-needs-tcp spec.ingress[0].http',
  },
  {
    name: 'http on egress',
    text: policy('{ egress: [{ action: Allow, http: { methods: [GET] } }] }'),
    want: 'http-in-egress spec.egress[0].http',
  },
  {
    name: 'a method twice',
    text: rule('{ action: Allow, http: { methods: [GET, GET] } }'),
    want: 'method-repeated spec.ingress[0].http.methods',
  },
  {
    name: 'a path that is exact and prefix',
    text: rule('{ action: Allow, http: { paths: [{ exact: /a, prefix: /b }] } }'),
    want: 'path-form spec.ingress[0].http.paths[0]',
  },
  {
    name: 'a path without slash',
    text: rule('{ action: Allow, http: { paths: [{ exact: a }] } }'),
    want: 'path-invalid spec.ingress[0].http.paths[0]',
  },
  {
    name: 'a path with a query',
    text: rule('{ action: Allow, http: { paths: [{ prefix: "/a?b" }] } }'),
    want: 'path-invalid spec.ingress[0].http.paths[0]',
  },
  {
    name: 'a port range turned round',
    text: rule('{ action: Allow, protocol: TCP, destination: { ports: ["90:80"] } }'),
    want: 'port-invalid spec.ingress[0].destination.ports[0]',
  },
  {
    name: 'a port over 65535',
    text: rule('{ action: Allow, protocol: TCP, destination: { ports: [65536] } }'),
    want: 'port-invalid spec.ingress[0].destination.ports[0]',
  },
  {
    name: 'ports without protocol',
    text: rule('{ action: Allow, destination: { ports: [80] } }'),
    want: 'ports-need-protocol spec.ingress[0].destination.ports',
  },
  {
    name: 'ports of UDPLite',
    text: rule('{ action: Allow, protocol: UDPLite, destination: { ports: [80] } }'),
    want: 'ports-need-protocol spec.ingress[0].destination.ports',
  },
  {
    name: 'an unknown protocol',
    text: rule('{ action: Allow, protocol: TPC }'),
    want: 'protocol-unknown spec.ingress[0].protocol',
  },
  {
    name: 'a protocol number over 255',
    text: rule('{ action: Allow, protocol: 256 }'),
    want: 'protocol-unknown spec.ingress[0].protocol',
  },
  {
    name: 'ICMP fields on TCP',
    text: rule('{ action: Allow, protocol: TCP, icmp: { type: 8 } }'),
    want: 'icmp-needs-protocol spec.ingress[0].icmp',
  },
  {
    name: 'an ICMP code without type',
    text: rule('{ action: Allow, protocol: ICMP, icmp: { code: 1 } }'),
    want: 'icmp-code-needs-type spec.ingress[0].icmp.code',
  },
  {
    name: 'ICMP with IPv6',
    text: rule('{ action: Allow, protocol: ICMP, ipVersion: 6 }'),
    want: 'ip-version-mixed spec.ingress[0].ipVersion',
  },
  {
    name: 'an IP version of 5',
    text: rule('{ action: Allow, ipVersion: 5 }'),
    want: 'ip-version spec.ingress[0].ipVersion',
  },
  {
    name: 'both IP versions in one rule',
    text: rule('{ action: Allow, source: { nets: [10.0.0.0/8] }, destination: { nets: ["fd00::/8"] } }'),
    want: 'ip-version-mixed spec.ingress[0].destination.nets',
  },
  {
    name: 'a CIDR with host bits',
    text: rule('{ action: Allow, source: { nets: [10.0.0.1/8] } }'),
    want: 'net-invalid spec.ingress[0].source.nets[0]',
    message: /host bits/,
  },
  {
    name: 'a CIDR without bits',
    text: rule('{ action: Allow, source: { nets: [10.0.0.1] } }'),
    want: 'net-invalid spec.ingress[0].source.nets[0]',
  },
  {
    name: 'notNets of everything',
    text: rule('{ action: Allow, source: { notNets: [0.0.0.0/0] } }'),
    want: 'not-net-of-all spec.ingress[0].source.notNets[0]',
  },
  {
    name: 'a malformed selector, with the column',
    text: policy('{ selector: "app = \'x\'" }'),
    want: 'selector-syntax spec.selector',
    message: /column 5/,
  },
  {
    name: 'a malformed selector in a rule',
    text: rule('{ action: Allow, source: { selector: "has(a" } }'),
    want: 'selector-syntax spec.ingress[0].source.selector',
    message: /column 6/,
  },
  {
    name: 'global() in a selector',
    text: rule('{ action: Allow, source: { selector: global() } }'),
    want: 'selector-global spec.ingress[0].source.selector',
  },
  {
    name: 'global() beside something',
    text: rule('{ action: Allow, source: { namespaceSelector: "global() || has(a)" } }'),
    want: 'selector-syntax spec.ingress[0].source.namespaceSelector',
  },
  {
    name: 'a selector of 1,025 characters',
    text: policy(`{ selector: "a == '${'x'.repeat(1018)}'" }`),
    want: 'selector-too-long spec.selector',
  },
  {
    name: 'a selector of 10,000 terms',
    text: policy(`{ selector: "${Array(10_000).fill('has(a)').join(' && ')}" }`),
    want: 'selector-too-long spec.selector',
  },
  {
    name: 'services beside a selector',
    text: rule('{ action: Allow, source: { services: { name: x }, selector: all() } }'),
    want: 'services-exclusive spec.ingress[0].source.selector',
  },
  {
    name: 'services of a global policy without namespace',
    text: policy('{ ingress: [{ action: Allow, source: { services: { name: x } } }] }', 'GlobalNetworkPolicy'),
    want: 'services-namespace spec.ingress[0].source.services.namespace',
  },
  {
    name: 'services on the wrong side',
    text: rule('{ action: Allow, destination: { services: { name: x } } }'),
    want: 'services-side spec.ingress[0].destination.services',
  },
  {
    name: 'ports beside services',
    text: policy('{ egress: [{ action: Allow, protocol: TCP, destination: { services: { name: x }, ports: [80] } }] }'),
    want: 'services-ports spec.egress[0].destination.ports',
  },
  { name: 'a type twice', text: policy('{ types: [Ingress, Ingress] }'), want: 'type-repeated spec.types' },
  { name: 'an unknown type', text: policy('{ types: [ingress] }'), want: 'enum spec.types[0]' },
  {
    name: 'preDNAT with doNotTrack',
    text: policy('{ preDNAT: true, doNotTrack: true, applyOnForward: true }', 'GlobalNetworkPolicy'),
    want: 'pre-dnat-do-not-track spec.preDNAT',
  },
  {
    name: 'doNotTrack without applyOnForward',
    text: policy('{ doNotTrack: true }', 'GlobalNetworkPolicy'),
    want: 'needs-apply-on-forward spec.doNotTrack',
  },
  {
    name: 'preDNAT with egress',
    text: policy('{ preDNAT: true, applyOnForward: true, egress: [{ action: Allow }] }', 'GlobalNetworkPolicy'),
    want: 'pre-dnat-egress spec.preDNAT',
  },
  {
    name: 'a global field in a NetworkPolicy',
    text: policy('{ namespaceSelector: all() }'),
    want: 'unknown-field spec.namespaceSelector',
  },
  {
    name: 'a staged Delete with rules',
    text: policy('{ stagedAction: Delete, selector: all() }', 'StagedNetworkPolicy'),
    want: 'staged-delete spec.selector',
  },
  {
    name: 'an ICMP type beyond its range',
    text: rule('{ action: Allow, protocol: ICMP, icmp: { type: 255 } }'),
    want: 'icmp-range spec.ingress[0].icmp.type',
  },
  {
    name: 'an order that is no number',
    text: policy('{ order: .nan, ingress: [{ action: Deny }] }'),
    want: 'type spec.order',
  },
  {
    name: 'an order without end',
    text: policy('{ order: .inf, ingress: [{ action: Deny }] }'),
    want: 'type spec.order',
  },
  {
    name: 'an endless order for a tier',
    text: other('Tier', 'sec', '{ order: -.inf }'),
    want: 'type spec.order',
  },
  {
    name: 'another order for a reserved tier',
    text: other('Tier', 'default', '{ order: 5, defaultAction: Deny }'),
    want: 'tier-reserved spec',
  },
  {
    name: 'an unknown default action',
    text: other('Tier', 'sec', '{ order: 5, defaultAction: Allow }'),
    want: 'enum spec.defaultAction',
  },
  {
    name: 'a network set with a reserved label',
    text: other('GlobalNetworkSet', 's', '{ nets: [10.0.0.0/8] }', ', labels: { projectcalico.org/namespace: x }'),
    want: 'label-reserved metadata.labels',
  },
  {
    name: 'a network set of nonsense',
    text: other('GlobalNetworkSet', 's', '{ nets: [ten] }'),
    want: 'net-invalid spec.nets[0]',
  },
  {
    name: 'a misspelt field',
    text: rule('{ action: Allow, sources: {} }'),
    want: 'unknown-field spec.ingress[0].sources',
  },
];

const warned: readonly {
  readonly name: string;
  readonly text: string;
  readonly want: string;
  readonly message?: RegExp;
}[] = [
  { name: 'a tier that is not there', text: policy('{ tier: sec }'), want: 'tier-missing spec.tier' },
  {
    name: 'two policies of one order that contradict each other',
    text: `${policy('{ order: 5, ingress: [{ action: Deny }] }')}---\n${policy('{ order: 5, ingress: [{ action: Allow }] }').replace('name: p', 'name: q')}`,
    want: 'order-tie spec.order',
    message: /p \(p\.yaml:1\) have order 5 in tier default/,
  },
  {
    name: 'a path that never matches',
    text: rule('{ action: Allow, http: { paths: [{ exact: "/%252e" }] } }'),
    want: 'path-never-matches spec.ingress[0].http.paths[0]',
  },
  { name: 'a host endpoint', text: other('HostEndpoint', 'h', '{ node: n }'), want: 'not-enforceable-here ' },
];

const essay = {
  redis: `apiVersion: projectcalico.org/v3 
kind: NetworkPolicy 
metadata: 
    name: allow-tcp-6379 
    namespace: production 
spec: 
    selector: color == 'red'
    ingress: 
    - action: Allow 
       protocol: TCP 
       source: 
           selector: color == 'blue'   
           namespaceSelector: shape == 'circle'
       destination: 
           ports: 
            - 6379
`,
  customer: `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  name: customer
spec:
  selector: app == 'customer'
  ingress:
   - action: Allow
     http:
       methods: ["GET"]
  egress:
    - action: Allow
`,
  viewer: `apiVersion: security.istio.io/v1beta1 
kind: AuthorizationPolicy 
metadata: 
    name: "details-viewer" 
    namespace: default 
spec: 
    selector: 
        matchLabels: 
             app: details 
    action: ALLOW 
    rules: 
        - from: 
            - source: 
                   principals: ["cluster.local/ns/default/sa/bookinfo-productpage"]
           to: 
           - operation: 
                  methods: ["GET"]
`,
};

describe('Calico validation', () => {
  for (const { name, text, want, message } of refused) {
    it(`refuses ${name}`, () => {
      const errors = saidOf(text).filter(({ severity }) => severity === 'error');
      assert.deepEqual(
        errors.map(({ code, path }) => `${code} ${path}`),
        [want],
      );
      const [{ line, column, fix, message: said }] = errors as [(typeof errors)[number]];
      assert.ok(line > 0 && column > 0 && fix !== '');
      if (message !== undefined) assert.match(said, message);
    });
  }

  for (const { name, text, want, message } of warned) {
    it(`warns of ${name}`, () => {
      const said = saidOf(text);
      assert.deepEqual(
        said.map(({ code, path, severity }) => `${severity} ${code} ${path}`),
        [`warning ${want}`],
      );
      if (message !== undefined) assert.match(said[0]!.message, message);
    });
  }

  it('says nothing of equal orders that do the same, or in different namespaces', () => {
    const twin = policy('{ order: 5, ingress: [{ action: Deny }] }').replace('name: p', 'name: q');
    assert.deepEqual(saidOf(`${policy('{ order: 5, ingress: [{ action: Deny }] }')}---\n${twin}`), []);
    const elsewhere = policy('{ order: 5, ingress: [{ action: Allow }] }').replace(
      'namespace: shop',
      'namespace: till',
    );
    assert.deepEqual(saidOf(`${policy('{ order: 5, ingress: [{ action: Deny }] }')}---\n${elsewhere}`), []);
  });
});

describe("the essay's examples", () => {
  it('takes the global policy as it stands', () => assert.deepEqual(saidOf(essay.customer), []));

  const broken = [
    {
      name: 'Calico policy',
      text: essay.redis,
      want: { line: 10, column: 8, code: 'indentation' },
      fix: /at column 7/,
    },
    {
      name: 'Istio policy',
      text: essay.viewer,
      want: { line: 15, column: 12, code: 'indentation' },
      fix: /at column 11/,
    },
  ];
  for (const { name, text, want, fix } of broken) {
    it(`names the broken indentation of the ${name}, once, with its fix`, () => {
      const said = saidOf(text);
      assert.deepEqual(
        said.map(({ line, column, code }) => ({ line, column, code })),
        [want],
      );
      assert.match(said[0]!.fix, fix);
    });
  }

  it('takes them when they are mended so', () => {
    const shifted = essay.redis.replace(/^ {7}(?=(protocol|source|destination))/gm, '      ');
    assert.deepEqual(saidOf(shifted), []);
    assert.deepEqual(
      saidOf(
        essay.viewer
          .replace('           to:', '          to:')
          .replace('           - operation', '          - operation'),
      ).filter(({ severity }) => severity === 'error'),
      [],
    );
  });
});

describe('the registry', () => {
  const read = (text: string) => readPolicies('r.yaml', text, { ...usualDialect, kinds: registryKinds });

  it('takes a pod that points at nothing, and one without address', () => {
    const text =
      'apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: till }\nspec: { serviceAccountName: gone }\n';
    assert.equal(read(text).hasErrors, false);
  });

  it('refuses a document that is an alias of itself, with one error', () => {
    const { findings } = read('&a\napiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: till, labels: *a }\n');
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['alias-cycle'],
    );
  });

  it('refuses an address that is none, with its place', () => {
    const text =
      'apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: till }\nstatus: { podIPs: [{ ip: 300.1.1.1 }] }\n';
    assert.deepEqual(
      read(text).findings.map(({ code, line }) => `${code} ${line}`),
      ['address-invalid 4'],
    );
  });
});
