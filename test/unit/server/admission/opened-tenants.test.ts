import assert from 'node:assert/strict';
import { tenantFindings } from '../../../../src/server/admission/opened-tenants.ts';
import type { Extent, Leak, LeakEnd, ProofOutcome } from '../../../../src/server/proofs/proof-order.ts';

const red: LeakEnd = { namespace: 'red-shop', pod: 'cart', labels: [], serviceAccount: 'cart' };
const blue: LeakEnd = { namespace: 'blue-shop', pod: 'web', labels: [], serviceAccount: 'web' };
const toCome = (end: LeakEnd): LeakEnd => ({ ...end, pod: undefined, labels: [['app', 'asked-by-policy']] });
const leak: Leak = {
  ...{
    from: blue,
    to: red,
    request: 'GET /healthz on TCP 8080',
    why: 'all of it: blue-shop/web reaches red-shop/cart',
  },
  by: { namespace: 'red-shop', name: 'probes', text: 'istio allows it by red-shop/probes rule 0' },
};
const proofs = (extent: Extent, of?: Leak, direction: 'in' | 'out' = 'in'): ProofOutcome => ({
  verdicts: [{ tenant: 'red', direction, proved: extent !== 'none', extent, leak: of }],
});

const cases: readonly {
  name: string;
  before: ProofOutcome;
  after: ProofOutcome;
  namespace: string;
  told: readonly RegExp[];
  hides?: RegExp;
  hidden: number;
}[] = [
  {
    name: 'nothing where nothing is lost',
    before: proofs('future'),
    after: proofs('future'),
    namespace: 'red-shop',
    told: [],
    hidden: 0,
  },
  {
    name: 'nothing where more is proved',
    before: proofs('today'),
    after: proofs('future'),
    namespace: 'red-shop',
    told: [],
    hidden: 0,
  },
  {
    name: 'nothing of what was open before',
    before: proofs('none', leak),
    after: proofs('none', leak),
    namespace: 'red-shop',
    told: [],
    hidden: 0,
  },
  {
    name: 'the pod, the request and the rule to whom is reached',
    ...{ before: proofs('future'), after: proofs('none', leak), namespace: 'red-shop', hidden: 1 },
    told: [
      /tenant red is not alone \(others reach it\): a pod of another namespace reaches red-shop\/cart GET \/healthz on TCP 8080, istio allows it by red-shop\/probes rule 0/,
    ],
    hides: /blue|web/,
  },
  {
    name: 'his own pod alone to whoever reaches out, and nothing of the tenant, its policies or what they let in',
    ...{ before: proofs('future'), after: proofs('none', leak), namespace: 'blue-shop', hidden: 1 },
    told: [
      /with this, a tenant is not alone .*: blue-shop\/web reaches a pod of another namespace, by a policy elsewhere/,
    ],
    hides: /red-|"red|cart|healthz|probes|8080/,
  },
  {
    name: 'no labels of a pod to come that reaches out: another namespace asks for them',
    ...{
      before: proofs('future'),
      after: proofs('today', { ...leak, from: toCome(blue) }),
      namespace: 'blue-shop',
      hidden: 1,
    },
    told: [/a tenant is alone for today's pods only .*: a pod to come in blue-shop reaches/],
    hides: /asked-by-policy/,
  },
  {
    name: 'labels of a pod to come that is reached',
    ...{
      before: proofs('future'),
      after: proofs('today', { ...leak, to: toCome(red) }),
      namespace: 'red-shop',
      hidden: 1,
    },
    told: [/a pod to come in red-shop \(app=asked-by-policy, service account cart\)/],
  },
  {
    name: 'that it is a workload of another trust domain, and not whom it calls itself',
    before: proofs('future'),
    after: proofs('today', { ...leak, from: { ...toCome(red), namespace: '', labels: [] } }),
    ...{ namespace: 'red-shop', hidden: 1, told: [/: a workload of another trust domain reaches red-shop\/cart/] },
  },
  {
    name: 'only that there is something to somebody of a third namespace',
    ...{ before: proofs('future'), after: proofs('none', leak), namespace: 'green', told: [], hidden: 1 },
  },
  {
    name: 'only that there is something to somebody who changes what has no namespace',
    ...{ before: proofs('future'), after: proofs('none', leak), namespace: '', told: [], hidden: 1 },
  },
  {
    name: 'the policy of the whole cluster without its name',
    before: proofs('future'),
    after: proofs('none', { ...leak, by: { namespace: '', name: 'secret', text: 'l4 allows it by secret' } }),
    ...{ namespace: 'red-shop', hidden: 1, told: [/by a policy of the whole cluster/], hides: /secret/ },
  },
  {
    name: 'that nobody could say any more, without the reason',
    ...{ before: proofs('future'), after: { unknown: 'a rule of blue-shop/secret' }, namespace: 'red-shop', hidden: 1 },
    told: [/after this change nobody could say/],
    hides: /secret/,
  },
  {
    name: 'nothing where nobody could say before',
    before: { unknown: 'x' },
    after: { unknown: 'x' },
    namespace: 'red-shop',
    told: [],
    hidden: 0,
  },
];

describe('tenantFindings', () => {
  for (const { name, before, after, namespace, told, hides, hidden } of cases)
    it(`tells ${name}`, () => {
      const found = tenantFindings(before, after, { namespace, file: 'f' });
      assert.equal(found.told.length, told.length);
      for (const [i, says] of told.entries()) assert.match(found.told[i]!.message, says);
      if (hides !== undefined) assert.doesNotMatch(JSON.stringify(found.told), hides);
      assert.equal(found.hidden.length, hidden);
      for (const each of found.hidden) assert.equal(each.severity, 'error');
    });
});
