import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { runCommandLine } from '../../../../src/cli/program.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const registry = ['red', 'blue']
  .map(
    (team, i) => `apiVersion: v1
kind: Namespace
metadata: { name: ${team}-1, labels: { team: ${team} } }
---
apiVersion: v1
kind: Pod
metadata: { name: ${team}, namespace: ${team}-1, labels: { app: ${team} } }
spec: { serviceAccountName: ${team}, containers: [{ name: main, image: x }] }
status: { podIP: 10.0.${i}.1 }
`,
  )
  .join('---\n');

const document = (
  apiVersion: string,
  kind: string,
  name: string,
  namespace: string | undefined,
  spec: object,
): string =>
  `${JSON.stringify({ apiVersion, kind, metadata: { name, ...(namespace && { namespace }) }, spec })}\n---\n`;
const istio = (namespace: string, spec: object, name = 'p'): string =>
  document('security.istio.io/v1', 'AuthorizationPolicy', name, namespace, spec);
const source = (of: object): object => ({ rules: [{ from: [{ source: of }] }] });
const network = (namespace: string, spec: object): string =>
  document('networking.k8s.io/v1', 'NetworkPolicy', 'p', namespace, spec);
const calico = (spec: object): string => document('projectcalico.org/v3', 'GlobalNetworkPolicy', 'g', undefined, spec);
const strict = document('security.istio.io/v1', 'PeerAuthentication', 'default', 'istio-system', {
  mtls: { mode: 'STRICT' },
});
const closedBlue = istio('blue-1', {});
const own = { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] };

interface Entry {
  readonly tenant: string;
  readonly direction: string;
  readonly proved: boolean;
  readonly scope: string;
  readonly unknown?: string;
  readonly counterexample?: {
    readonly from: { readonly trustDomain?: string };
    readonly decision: { readonly policy: string | null; readonly plane: string | null };
    readonly weakness?: { readonly kind: string; readonly labels: readonly string[]; readonly fix: string };
  };
}

const cases: readonly {
  name: string;
  policies: string;
  settings?: object;
  kind: string | undefined;
  labels?: readonly string[];
  by?: string | null;
  site?: readonly object[];
}[] = [
  {
    name: 'a DENY of principals that whoever shows no certificate passes',
    policies: istio('red-1', { action: 'DENY', ...source({ namespaces: ['blue-1'] }) }),
    settings: { extAuthz: { peerTrustDomains: 'own' } },
    kind: 'no-certificate',
  },
  {
    name: 'a namespace that another trust domain may have too',
    policies: strict + closedBlue + istio('red-1', source({ namespaces: ['red-1'] })),
    ...{ kind: 'trust-domain-blind', by: 'red-1/p' },
  },
  {
    name: 'the same where certificates of others are not believed',
    policies: strict + closedBlue + istio('red-1', source({ namespaces: ['red-1'] })),
    settings: { extAuthz: { peerTrustDomains: 'own' } },
    kind: undefined,
  },
  {
    name: 'principals of one trust domain',
    policies: strict + closedBlue + istio('red-1', source({ principals: ['cluster.local/ns/red-1/sa/red'] })),
    kind: undefined,
  },
  {
    name: 'an account by its name in whatever namespace',
    policies: strict + closedBlue + istio('red-1', source({ principals: ['*/sa/red'] })),
    ...{ settings: { extAuthz: { peerTrustDomains: 'own' } }, kind: 'name-without-namespace', by: 'red-1/p' },
  },
  {
    name: 'an account by its name, as Calico has it',
    policies:
      network('blue-1', own) +
      calico({
        ...{ namespaceSelector: "team == 'red'", types: ['Ingress'] },
        ingress: [{ action: 'Allow', source: { serviceAccounts: { names: ['red'] } } }],
      }),
    ...{ kind: 'name-without-namespace', by: 'g' },
  },
  {
    name: 'a label of callers',
    policies:
      network('blue-1', own) +
      network('red-1', {
        podSelector: {},
        ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { role: 'friend' } } }] }],
      }),
    ...{ kind: 'label-of-caller', labels: ['role'], by: 'red-1/p' },
  },
  {
    name: 'a label of its own pods',
    policies: network('blue-1', own) + network('red-1', { ...own, podSelector: { matchLabels: { app: 'red' } } }),
    ...{ kind: 'label-of-own-pods', labels: ['app'], by: null },
  },
  {
    name: 'a range of addresses, in which strangers may be too',
    policies:
      network('blue-1', own) +
      network('red-1', { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/24' } }] }] }),
    ...{ kind: 'by-address', by: 'red-1/p' },
  },
  {
    name: 'a range of addresses in which a pod of anybody may come to be',
    settings: { extAuthz: { peerTrustDomains: 'own' } },
    policies:
      network('blue-1', own) +
      network('red-1', { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/24' } }] }] }),
    ...{ kind: 'by-address', by: 'red-1/p' },
  },
  {
    name: 'a range of addresses where there are no pods',
    policies:
      network('blue-1', own) +
      network('red-1', { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }] }),
    kind: undefined,
  },
  {
    name: 'a firewall between ranges of addresses, and nothing else',
    settings: { extAuthz: { peerTrustDomains: 'own' } },
    policies: network('blue-1', own),
    site: [{ name: 'apart', priority: 1, action: 'deny', from: ['10.0.1.0/24'], to: ['10.0.0.0/24'] }],
    ...{ kind: 'by-address', by: 'firewall' },
  },
  {
    name: 'a firewall beside a policy that names pods',
    policies: network('blue-1', own) + network('red-1', own),
    site: [{ name: 'apart', priority: 1, action: 'deny', from: ['10.0.1.0/24'], to: ['10.0.0.0/24'] }],
    kind: undefined,
  },
  {
    name: 'egress of the caller',
    policies: network('blue-1', {
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
      ...{ ingress: own.ingress, egress: [{ to: [{ podSelector: {} }] }] },
    }),
    kind: 'egress-of-source',
  },
];

describe('policy prove of hard isolation', () => {
  let dir: TempDir;
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir[Symbol.asyncDispose]());

  async function prove(policies: string, settings: object = {}): Promise<readonly Entry[]> {
    writeFileSync(dir.at('policies.yaml'), policies);
    writeFileSync(dir.at('registry.yaml'), registry);
    const config = {
      trustDomain: 'cluster.local',
      policies: { paths: ['policies.yaml'], planes: { l4: 'enforce' } },
      registry: { paths: ['registry.yaml'] },
      tenants: { red: { namespaces: ['red-1'], isolation: 'hard' }, blue: { namespaces: ['blue-1'] } },
      ...settings,
    };
    writeFileSync(dir.at('gatehouse.yaml'), JSON.stringify(config));
    const terminal = recordingTerminal();
    await runCommandLine(['policy', 'prove', '--config', dir.at('gatehouse.yaml'), '--output', 'json'], terminal);
    assert.notEqual(terminal.said.code, 2, terminal.said.err);
    return (JSON.parse(terminal.said.out) as { readonly tenants: readonly Entry[] }).tenants;
  }
  /** The settings of a firewall that allows what its rules do not say. */
  function siteOf(rules: readonly object[]): object {
    const spec = { default: 'allow', rules };
    writeFileSync(dir.at('site.yaml'), document('site.gatehouse.dev/v1', 'SiteRules', 'firewall', undefined, spec));
    const planes = { l4: 'enforce', site: 'enforce' };
    return { policies: { paths: ['policies.yaml'], site: { paths: ['site.yaml'] }, planes } };
  }
  const into = (entries: readonly Entry[], tenant: string): Entry =>
    entries.find((one) => one.tenant === tenant && one.direction === 'in')!; // there is one of each

  for (const { name, policies, settings, kind, labels, by, site } of cases)
    it(`${kind === undefined ? 'takes' : 'refuses'} ${name}`, async () => {
      const { proved, counterexample } = into(await prove(policies, { ...settings, ...(site && siteOf(site)) }), 'red');
      assert.equal(proved, kind === undefined, JSON.stringify(counterexample));
      if (kind === undefined) return;
      assert.equal(counterexample?.weakness?.kind, kind, JSON.stringify(counterexample));
      if (labels !== undefined) assert.deepEqual(counterexample?.weakness?.labels, labels);
      if (by !== undefined) assert.equal(counterexample?.decision.policy, by);
      assert.notEqual(counterexample?.weakness?.fix, '');
    });

  it('expects no strangers where isolation is soft', async () => {
    const policies = strict + closedBlue + istio('red-1', source({ namespaces: ['red-1'] }));
    const tenants = { red: { namespaces: ['red-1'] }, blue: { namespaces: ['blue-1'] } };
    const { proved, scope } = into(await prove(policies, { tenants }), 'red');
    assert.deepEqual([proved, scope], [true, 'future']);
  });

  it('says why it did not look at namespaces to come', async () => {
    const many = Array.from({ length: 7 }, (_, i) => ({ namespaceSelector: { matchLabels: { [`k${i}`]: 'v' } } }));
    const policies = network('red-1', { podSelector: {}, ingress: [{ from: many }] }) + network('blue-1', own);
    const tenants = { red: { namespaces: "team == 'red'" }, blue: { namespaces: "team == 'blue'" } };
    const { scope, unknown } = into(await prove(policies, { tenants }), 'blue');
    assert.equal(scope, 'future');
    assert.match(unknown ?? '', /namespaces to come were not looked at: more than 64 kinds/);
  });

  it('believes what claims say only where a tenant says what its tokens may hold', async () => {
    const jwt = document('security.istio.io/v1', 'RequestAuthentication', 'jwt', 'red-1', {
      jwtRules: [{ issuer: 'i', jwks: '{"keys":[]}' }],
    });
    const rules = [{ when: [{ key: 'request.auth.claims[groups]', values: ['red-*'] }] }];
    const policies = strict + closedBlue + jwt + istio('red-1', { rules });
    const of = (claims: object | undefined) => ({
      tenants: { red: { namespaces: ['red-1'] }, blue: { namespaces: ['blue-1'], ...(claims && { claims }) } },
    });
    assert.equal(into(await prove(policies, of(undefined)), 'red').proved, false);
    assert.equal(into(await prove(policies, of({ groups: ['red-*', 'blue-*'] })), 'red').proved, false);
    assert.equal(into(await prove(policies, of({ groups: ['blue-*'] })), 'red').proved, true);
    assert.equal(into(await prove(policies, of({ other: ['x'] })), 'red').proved, true);
  });

  describe('where a tenant says what its tokens may hold', () => {
    const jwt = document('security.istio.io/v1', 'RequestAuthentication', 'jwt', 'red-1', {
      jwtRules: [{ issuer: 'i', audiences: ['a'], jwks: '{"keys":[]}' }],
    });
    const tokenOf = (source: object) => ({ rules: [{ from: [{ source }] }] });
    const when = (key: string, ...values: string[]) => ({ rules: [{ when: [{ key, values }] }] });
    const denied = { action: 'DENY', ...tokenOf({ notRequestPrincipals: ['*'] }) };
    const groups = { groups: ['blue-*'] };
    const rows: readonly (readonly [name: string, spec: object, claims: object, isProved: boolean])[] = [
      ['any token', tokenOf({ requestPrincipals: ['*'] }), groups, false],
      ['any token, none named', tokenOf({ requestPrincipals: ['*'] }), {}, false],
      ['no token refused', denied, groups, false],
      ['one subject', tokenOf({ requestPrincipals: ['i/s'] }), groups, false],
      ['an issuer that is not accepted', tokenOf({ requestPrincipals: ['other/*'] }), groups, true],
      ['a principal by its key', when('request.auth.principal', 'i/*'), groups, false],
      ['an audience', when('request.auth.audiences', 'a'), groups, false],
      ['a presenter', when('request.auth.presenter', 'p'), groups, false],
      ['a subject', when('request.auth.claims[sub]', 's'), groups, false],
      ['an id', when('request.auth.claims[jti]', 's'), groups, false],
      ['a claim of an inner name', when('request.auth.claims[x][sub]', 's'), groups, true],
      ['a subject that it may not have', tokenOf({ requestPrincipals: ['i/s'] }), { sub: ['b*'] }, true],
      ['a subject that it may have', tokenOf({ requestPrincipals: ['i/s'] }), { sub: ['s*'] }, false],
      ['an issuer that it does not have', tokenOf({ requestPrincipals: ['*'] }), { iss: ['j'] }, true],
      ['an issuer that it has', tokenOf({ requestPrincipals: ['*'] }), { iss: ['i', 'j'] }, false],
      ['an audience that it does not have', tokenOf({ requestPrincipals: ['*'] }), { aud: ['b'] }, true],
      ['an audience in another form', tokenOf({ requestPrincipals: ['*'] }), { aud: ['https://a/'] }, false],
      ['a presenter that it is not', when('request.auth.presenter', 'p'), { azp: ['q'] }, true],
    ];
    for (const [name, spec, claims, isProved] of rows)
      it(`asks its tokens about ${name}`, async () => {
        const policies = strict + closedBlue + jwt + istio('red-1', spec);
        const tenants = { red: { namespaces: ['red-1'] }, blue: { namespaces: ['blue-1'], claims } };
        assert.equal(into(await prove(policies, { tenants }), 'red').proved, isProved);
      });

    it('proves nothing of letters beyond ASCII, which no witness shows', async () => {
      const policies = strict + closedBlue + jwt + istio('red-1', when('request.auth.claims[groups]', 'é1'));
      const blue = { namespaces: ['blue-1'], claims: { groups: ['é*'] } };
      const asked = prove(policies, { tenants: { red: { namespaces: ['red-1'] }, blue } });
      await assert.rejects(asked, /no plain values of claim \["groups"\]/);
    });
  });
});
