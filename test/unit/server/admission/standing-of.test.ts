import assert from 'node:assert/strict';
import type { ReviewRequest } from '../../../../src/server/admission/review.ts';
import { proofStandingOf, type Standing, standingOf } from '../../../../src/server/admission/standing-of.ts';

const request: ReviewRequest = {
  uid: 'u',
  kind: { group: 'security.istio.io', version: 'v1', kind: 'AuthorizationPolicy' },
  subResource: '',
  name: 'a',
  namespace: 'shop',
  operation: 'UPDATE',
  userInfo: 'alice',
  object: { metadata: { labels: { a: 'b' } }, spec: { rules: [{}] } },
  oldObject: { spec: { rules: [] } },
  dryRun: false,
};

const cases: readonly { name: string; of: Partial<ReviewRequest>; want: Standing }[] = [
  { name: 'a change', of: {}, want: 'judged' },
  { name: 'a new object', of: { operation: 'CREATE', oldObject: undefined }, want: 'judged' },
  { name: 'a DELETE', of: { operation: 'DELETE', object: undefined }, want: 'passed' },
  { name: 'a DELETE that shows an object', of: { operation: 'DELETE' }, want: 'passed' },
  { name: 'a CONNECT', of: { operation: 'CONNECT' }, want: 'passed' },
  { name: 'a status', of: { subResource: 'status' }, want: 'passed' },
  {
    name: 'an object that is being deleted',
    of: { object: { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, spec: {} } },
    want: 'passed',
  },
  { name: 'our own namespace', of: { namespace: 'gatehouse-system' }, want: 'passed' },
  {
    name: 'an account of ours, anywhere',
    of: { userInfo: 'system:serviceaccount:gatehouse-system:x' },
    want: 'passed',
  },
  {
    name: 'an account of a namespace that begins like ours',
    of: { userInfo: 'system:serviceaccount:gatehouse-system2:x' },
    want: 'judged',
  },
  { name: 'kube-system', of: { namespace: 'kube-system' }, want: 'told' },
  {
    name: 'an account of kube-system in another namespace',
    of: { userInfo: 'system:serviceaccount:kube-system:x' },
    want: 'judged',
  },
  {
    name: 'the same spec with another label',
    of: { oldObject: { metadata: {}, spec: { rules: [{}] } } },
    want: 'told',
  },
  {
    name: 'the same in all but what the server writes',
    of: {
      oldObject: {
        metadata: { labels: { a: 'b' }, resourceVersion: '1', managedFields: [] },
        spec: { rules: [{}] },
        status: {},
      },
    },
    want: 'passed',
  },
];

describe('standingOf', () => {
  for (const { name, of, want } of cases)
    it(`takes ${name} as ${want}`, () => assert.equal(standingOf({ ...request, ...of }, 'gatehouse-system'), want));

  it('exempts no namespace of ours where it does not know one', () =>
    assert.equal(standingOf({ ...request, userInfo: 'system:serviceaccount:undefined:x' }, undefined), 'judged'));
});

const deleted: Partial<ReviewRequest> = { operation: 'DELETE', object: undefined, oldObject: { spec: {} } };

const proofCases: readonly { name: string; of: Partial<ReviewRequest>; want: Standing }[] = [
  { name: 'a change', of: {}, want: 'judged' },
  { name: 'a DELETE', of: deleted, want: 'judged' },
  {
    name: 'a DELETE of what is being deleted',
    of: { ...deleted, oldObject: { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } } },
    want: 'passed',
  },
  {
    name: 'a change of what is being deleted: it is in force as long as it is there',
    of: { object: { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, spec: {} } },
    want: 'judged',
  },
  {
    name: 'a DELETE by whoever clears a namespace away',
    of: { ...deleted, userInfo: 'system:serviceaccount:kube-system:namespace-controller' },
    want: 'told',
  },
  {
    name: 'a DELETE by an account of a namespace that begins like kube-system',
    of: { ...deleted, userInfo: 'system:serviceaccount:kube-system2:x' },
    want: 'judged',
  },
  {
    name: 'what a controller of kube-system makes: its pods have labels too',
    of: {
      operation: 'CREATE',
      oldObject: undefined,
      userInfo: 'system:serviceaccount:kube-system:replicaset-controller',
    },
    want: 'judged',
  },
  { name: 'kube-system', of: { namespace: 'kube-system' }, want: 'told' },
  { name: 'a DELETE in kube-system', of: { ...deleted, namespace: 'kube-system' }, want: 'told' },
  { name: 'our own namespace', of: { ...deleted, namespace: 'gatehouse-system' }, want: 'passed' },
  { name: 'a status', of: { subResource: 'status' }, want: 'passed' },
  {
    name: 'another label alone',
    of: { oldObject: { metadata: {}, spec: { rules: [{}] } } },
    want: 'judged',
  },
  {
    name: 'another finalizer alone',
    of: { oldObject: { metadata: { labels: { a: 'b' }, finalizers: ['x'] }, spec: { rules: [{}] } } },
    want: 'passed',
  },
];

describe('proofStandingOf', () => {
  for (const { name, of, want } of proofCases)
    it(`takes ${name} as ${want}`, () =>
      assert.equal(proofStandingOf({ ...request, ...of }, 'gatehouse-system'), want));
});
