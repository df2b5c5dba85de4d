import assert from 'node:assert/strict';
import { type ChangeJudgement, judgeChange, type Standings } from '../../../../src/policy/change/judge-change.ts';
import type { Finding } from '../../../../src/policy/documents/finding.ts';
import { type PolicyFile, readPolicies } from '../../../../src/policy/read-policies.ts';

const options = {
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  rootNamespace: 'istio-system',
  customProviders: { p: 'envoy', q: 'envoy' },
} as const;

const read = (file: string, yaml: string): PolicyFile => readPolicies(file, yaml, options);

const authorization = (namespace: string, name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { namespace, name },
    spec,
  });

const custom = (namespace: string, name: string, provider: string): string =>
  authorization(namespace, name, { action: 'CUSTOM', provider: { name: provider }, rules: [{}] });

const global = (name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkPolicy', metadata: { name }, spec });

function judge(
  change: string,
  inForce: readonly string[],
  isReplaced: Standings['isReplaced'] = () => true,
): ChangeJudgement {
  const files = inForce.map((text, i) => read(`f${i}`, text));
  for (const { file, findings } of files) assert.deepEqual([file, findings.filter(isError)], [file, []]);
  const ignoreRule = { ignoreBy: undefined, ownerOf: () => undefined };
  return judgeChange(read('change', change), { files, isReplaced, ignoreRule });
}

const isError = ({ severity }: Finding): boolean => severity === 'error';
const codes = ({ told, hidden }: ChangeJudgement) => ({
  told: told.map(({ code }) => code),
  hidden: hidden.map(({ code }) => code),
});

describe('judgeChange', () => {
  it('says what the document itself breaks', () => {
    const judgement = judge(authorization('shop', 'a', { action: 'allow' }), []);
    assert.deepEqual(
      judgement.told.filter(isError).map(({ code }) => code),
      ['enum'],
    );
  });

  it('finds what only a neighbour shows, and names it', () => {
    const judgement = judge(custom('shop', 'b', 'q'), [custom('shop', 'a', 'p'), custom('other', 'c', 'p')]);
    assert.deepEqual(codes(judgement), { told: ['several-providers'], hidden: [] });
    assert.match(judgement.told[0]!.message, /shop\/a/);
  });

  it('names no file of ours', () => {
    const all = authorization('shop', 'all', { rules: [{}] });
    const some = authorization('shop', 'some', { rules: [{ to: [{ operation: { methods: ['GET'] } }] }] });
    const judgement = judge(all, [some]);
    assert.deepEqual(codes(judgement).told, ['policies-shadowed']);
    assert.match(judgement.told[0]!.message, /: shop\/some decide nothing$/);
  });

  it('says nothing of what stood before', () => {
    const before = [custom('shop', 'a', 'p'), custom('shop', 'b', 'q')];
    assert.deepEqual(codes(judge(authorization('shop', 'c', { rules: [] }), before)), { told: [], hidden: [] });
  });

  it('says again what is wrong with the document that changes', () => {
    const before = [custom('shop', 'a', 'p'), custom('shop', 'b', 'q')];
    assert.deepEqual(codes(judge(custom('shop', 'b', 'q'), before)), { told: ['several-providers'], hidden: [] });
  });

  it('does not see the old version of the document', () => {
    assert.deepEqual(codes(judge(custom('shop', 'a', 'q'), [custom('shop', 'a', 'p')])), { told: [], hidden: [] });
  });

  it('hides what names a document of another namespace', () => {
    const judgement = judge(custom('shop', 'b', 'q'), [custom('istio-system', 'a', 'p')]);
    assert.deepEqual(codes(judgement), { told: [], hidden: ['several-providers'] });
    assert.match(judgement.hidden[0]!.message, /istio-system\/a/);
  });

  it('tells of a namespaced neighbour, and keeps the one of another namespace out of the text', () => {
    const all = { rules: [{}] };
    const some = (name: string) =>
      authorization(name === 'secret' ? 'istio-system' : 'shop', name, {
        rules: [{ to: [{ operation: { methods: ['GET'] } }] }],
      });
    const judgement = judge(authorization('istio-system', 'all', all), [some('visible'), some('secret')]);
    assert.deepEqual(codes(judgement).told, ['policies-shadowed']);
    assert.doesNotMatch(JSON.stringify(judgement.told), /visible/);
    assert.match(JSON.stringify(judgement.hidden), /visible/);
  });

  it('leaves out what leans on a document that the author may not see, as that document makes sure of it', () => {
    const claim = authorization('shop', 'a', {
      rules: [{ when: [{ key: 'request.auth.claims[sub]', values: ['x'] }] }],
    });
    const token = JSON.stringify({
      apiVersion: 'security.istio.io/v1',
      kind: 'RequestAuthentication',
      metadata: { namespace: 'istio-system', name: 'tokens' },
      spec: { jwtRules: [{ issuer: 'https://issuer.example', jwksUri: 'https://issuer.example/keys' }] },
    });
    assert.deepEqual(codes(judge(claim, [])).told, ['token-without-authentication']);
    assert.deepEqual(codes(judge(claim, [token])), { told: [], hidden: [] });
  });

  it('finds what a policy of the whole cluster does to those of namespaces', () => {
    const victim = JSON.stringify({
      apiVersion: 'projectcalico.org/v3',
      kind: 'NetworkPolicy',
      metadata: { namespace: 'shop', name: 'default.a' },
      spec: { order: 20, selector: "app == 'a'", ingress: [{ action: 'Allow', source: { selector: "app == 'b'" } }] },
    });
    const judgement = judge(global('default.all', { order: 10, ingress: [{ action: 'Deny' }] }), [victim]);
    assert.ok(codes(judgement).hidden.includes('policies-shadowed'), JSON.stringify(judgement));
  });

  it('refuses a name that a file has already, without saying where it lies', () => {
    const judgement = judge(custom('shop', 'a', 'p'), [custom('shop', 'a', 'q')], () => false);
    assert.deepEqual(codes(judgement), { told: ['duplicate-document'], hidden: ['duplicate-document'] });
    assert.doesNotMatch(judgement.told[0]!.message, /f0/);
    assert.match(judgement.hidden[0]!.message, /f0:1/);
  });

  it('warns of a copy', () => {
    const judgement = judge(custom('shop', 'a', 'p'), [custom('shop', 'a', 'p')], () => false);
    assert.deepEqual(
      judgement.told.map(({ code, severity }) => [code, severity]),
      [['duplicate-copy', 'warning']],
    );
  });

  it('leaves out what the document ignores', () => {
    const ignoring = JSON.stringify({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { namespace: 'shop', name: 'b', annotations: { 'gatehouse.dev/ignore': 'several-providers known' } },
      spec: { action: 'CUSTOM', provider: { name: 'q' }, rules: [{}] },
    });
    assert.deepEqual(codes(judge(ignoring, [custom('shop', 'a', 'p')])), { told: [], hidden: [] });
  });
});
