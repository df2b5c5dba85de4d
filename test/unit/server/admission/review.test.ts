import assert from 'node:assert/strict';
import { readReview } from '../../../../src/server/admission/review.ts';

const review = (change: object = {}, request: object = {}): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      kind: { group: 'g', version: 'v1', kind: 'K' },
      operation: 'CREATE',
      object: {},
      oldObject: null,
      ...request,
    },
    ...change,
  });

const bad: readonly { name: string; body: string | Buffer; why: RegExp }[] = [
  { name: 'nothing', body: '', why: /no JSON object/ },
  { name: 'no JSON', body: 'apiVersion: v1', why: /no JSON object/ },
  { name: 'a list', body: '[]', why: /no JSON object/ },
  { name: 'bytes that are no UTF-8', body: Buffer.from([0x22, 0xff, 0x22]), why: /no JSON object/ },
  {
    name: 'an older version',
    body: review({ apiVersion: 'admission.k8s.io/v1beta1' }),
    why: /v1beta1.*admissionReviewVersions: \[v1\]/,
  },
  { name: 'another kind', body: review({ kind: 'Review' }), why: /"Review"/ },
  { name: 'a version that is no text', body: review({ apiVersion: { a: 1 } }), why: /nothing that is named/ },
  { name: 'no request', body: review({ request: null }), why: /request\./ },
  { name: 'no uid', body: review({}, { uid: '' }), why: /request\.uid/ },
  { name: 'no kind', body: review({}, { kind: null }), why: /request\.kind/ },
  { name: 'an operation of the future', body: review({}, { operation: 'MERGE' }), why: /request\.operation/ },
  { name: 'an object that is none', body: review({}, { object: [] }), why: /request\.object/ },
  { name: 'a dry run that is a text', body: review({}, { dryRun: 'yes' }), why: /request\.dryRun/ },
];

describe('readReview', () => {
  for (const { name, body, why } of bad)
    it(`refuses ${name} by one line`, () => {
      const read = readReview(Buffer.from(body));
      assert.ok(!read.ok);
      assert.equal(read.status, 400);
      assert.match(read.why, why);
      assert.doesNotMatch(read.why, /\n/);
    });

  it('fills in what an API server leaves out', () => {
    const read = readReview(Buffer.from(review()));
    assert.ok(read.ok);
    const { namespace, name, subResource, userInfo, oldObject, dryRun } = read.request;
    assert.deepEqual([namespace, name, subResource, userInfo, oldObject, dryRun], ['', '', '', '', undefined, false]);
  });
});
