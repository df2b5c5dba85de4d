import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileSnapshot } from '../../../src/policy/compile/compile-snapshot.ts';
import { interpretTree } from '../../../src/policy/compile-envoy/tree/interpret-tree.ts';
import { treesOf } from '../../../src/policy/compile-envoy/workload-trees.ts';
import type { Facts } from '../../../src/policy/facts.ts';
import type { PolicyModel } from '../../../src/policy/model.ts';
import { seenByEnvoy } from '../../support/seen-by-envoy.ts';
import { arbitraryIstioFacts, arbitraryIstioModel } from './arbitrary-istio.ts';
import { arbitraryFacts, arbitraryModel } from './arbitrary-model.ts';
import { arbitraryConnection, arbitraryNetworkModel, factsIn } from './arbitrary-network.ts';

const settings = {
  trustDomains: ['cluster.local'],
  verifyPeer: 'off',
  peerTrustDomains: 'any',
  ambiguousRequests: 'asUpstream',
  allowEmpty: true,
} as const;

/** `PROOFS=1000` for the long run. */
const MODELS = Number(process.env['PROOFS'] ?? 300);
/** The same models every time; `PROOFS_SEED=N` for others, as the long run takes. */
const SEED = Number(process.env['PROOFS_SEED'] ?? 1);

/** Nobody brings a token, who has forwarded nothing is the client himself, all is TCP, and a connection has nothing of HTTP. */
function possible(facts: Facts): Facts {
  const nothing = { method: '', path: undefined, host: undefined, header: () => [] };
  const uri = facts.peerNames.find((name) => name.startsWith('spiffe://'));
  const sourcePrincipal = uri ?? facts.peerNames.find((name) => name !== '') ?? '';
  const remoteAddress = facts.header('x-forwarded-for').length === 0 ? facts.sourceAddress : facts.remoteAddress;
  const verifyTokens: Facts['verifyTokens'] = () => ({ accepted: true });
  const own = { remoteAddress, sourcePrincipal, ipProtocol: 6, verifyTokens, claim: () => [] };
  return { ...facts, ...own, ...(facts.protocol === 'tcp' ? nothing : {}) };
}

/** Holds the trees of a model against its snapshot, and counts what they came to. */
function judge(model: PolicyModel, requests: readonly Facts[], seen: Map<string, number>): void {
  const snapshot = compileSnapshot(model, settings);
  for (const facts of requests) {
    const trees = treesOf(model, facts.destination, settings);
    if ('everything' in trees) {
      seen.set('everything', (seen.get('everything') ?? 0) + 1);
      continue;
    }
    const isHttp = facts.protocol === 'http';
    const shown = seenByEnvoy(facts);
    const about = JSON.stringify([
      facts.protocol,
      facts.peerNames,
      facts.method,
      facts.path,
      facts.sourceAddress?.text,
    ]);
    const action = interpretTree(isHttp ? trees.http : trees.network, shown);
    const kind = action?.name.split(/[/#]/)[0] ?? 'nothing';
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    const wanted = snapshot.decide(facts);
    assert.ok(action, 'a tree ends in an action, always');
    if (!action.name.startsWith('n:')) continue;
    assert.equal(action.effect, wanted.effect, `${action.name} where ${wanted.reason}: ${about}`);
    if (!isHttp) continue;
    if (trees.shadow !== undefined) {
      const rehearsed = interpretTree(trees.shadow, shown);
      if (rehearsed?.name.startsWith('n:') === true) assert.equal(rehearsed.effect, wanted.dryRun?.effect, about);
    }
    const audited = trees.audit && interpretTree(trees.audit, shown);
    assert.equal(audited?.effect === 'log', wanted.audit !== undefined, `audit: ${about}`);
  }
}

const some = (one: fc.Arbitrary<Facts>) => fc.array(one, { minLength: 12, maxLength: 12 });

describe('a tree for Envoy', () => {
  it('decides as the snapshot does what Istio can say, or asks', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(arbitraryIstioModel, some(arbitraryIstioFacts), (model, requests) => judge(model, requests, seen)),
      { numRuns: MODELS, seed: SEED },
    );
    for (const wanted of [
      ...['n:allow', 'n:deny', 'n:mtls', 'n:no-rule-allowed', 'n:no-policy-applies'],
      ...['ask:caller', 'ask:path', 'ask:header-h1', 'ask:custom', 'ask:audit', 'ask:deny', 'ask:allow'],
    ])
      assert.ok((seen.get(wanted) ?? 0) > 0, `${wanted} is seldom: ${JSON.stringify([...seen])}`);
  });

  it('decides as the snapshot does whatever conditions and planes there are, or asks', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(arbitraryModel, some(arbitraryFacts.map(possible)), (model, requests) =>
        judge(model, requests, seen),
      ),
      { numRuns: MODELS, seed: SEED },
    );
    for (const wanted of ['everything', 'n:deny', 'ask:deny'])
      assert.ok((seen.get(wanted) ?? 0) > 0, `${wanted} is seldom: ${JSON.stringify([...seen])}`);
  });

  it('lets in whom the network and Calico let in, or asks', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(
        arbitraryNetworkModel,
        fc.array(arbitraryConnection, { minLength: 40, maxLength: 40 }),
        (model, connections) =>
          judge(
            model,
            connections.map((each) => factsIn(model, each)),
            seen,
          ),
      ),
      { numRuns: MODELS, seed: SEED },
    );
    if (process.env['SHOW']) console.log(JSON.stringify([...seen]));
    for (const wanted of ['n:no-policy-applies', 'ask:planes', 'ask:place', 'everything'])
      assert.ok((seen.get(wanted) ?? 0) > 0, `${wanted} is seldom: ${JSON.stringify([...seen])}`);
  });
});
