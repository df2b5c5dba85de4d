import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { GatehouseError } from '../../../../../src/errors.ts';
import {
  type Answer,
  type AnswerDeps,
  createAnswers,
} from '../../../../../src/identity/delivery/pod-certificates/answer-request.ts';
import type { Found } from '../../../../../src/identity/delivery/pod-certificates/judge-pod.ts';
import { readPodCertificateRequest } from '../../../../../src/identity/delivery/pod-certificates/request.ts';
import { readCertificate } from '../../../../../src/identity/pki/certificate.ts';
import { certificatesToPem, fromPem } from '../../../../../src/identity/pki/pem.ts';
import { entitlementOf, openTestAuthority, orderOf } from '../../../../support/authority.ts';
import { openssl } from '../../../../support/openssl.ts';
import { opensslCsr, requestObject } from '../../../../support/pod-certificate-requests.ts';
import { tempDir } from '../../../../support/temp-dir.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let made = 0;

/** Another request each time. */
function requestOf(spec: Record<string, unknown> = {}) {
  const request = readPodCertificateRequest(requestObject(spec));
  assert.ok(typeof request !== 'string', JSON.stringify(request));
  made += 1;
  return { ...request, uid: `request-${made}` };
}

/** An authority an hour old, unless told, whose bundle the cluster has, and whom everything pleases but what is changed. */
async function signerOf(change: Partial<AnswerDeps> = {}, { ageMs = HOUR, ttlMs = 365 * DAY } = {}) {
  const opened = await openTestAuthority({ x509AuthorityTtlMs: ttlMs });
  const { authority, clock } = opened;
  clock.advance(ageMs);
  const request = requestOf();
  const found: Found = {
    pod: {
      uid: request.pod.uid,
      namespace: 'shop',
      name: 'app-1',
      labels: {},
      isTerminating: false,
      containers: new Map(),
      serviceAccount: request.account.name,
      node: request.node,
      hasEnded: false,
    },
    account: { uid: request.account.uid },
  };
  const deps: AnswerDeps = {
    signerName: 'gatehouse.io/workload',
    lifeMs: DAY,
    source: authority,
    authority: () => authority.signing(),
    published: () => authority.bundles.value.own,
    look: async () => found,
    identityOf: () => ({
      entry: { ...entitlementOf('app', 0), selectors: [], origin: '' },
      selectors: ['k8s:sa:app'],
    }),
    clock,
    ...change,
  };
  return { ...opened, found, answers: createAnswers(deps), deps };
}

const issuedBy = (answer: Answer | { does: string }): Answer['status'] => {
  assert.ok('status' in answer, JSON.stringify(answer));
  assert.equal(answer.denial, undefined);
  return answer.status;
};

const says = (answer: object): string => {
  if ('denial' in answer && answer.denial !== undefined)
    return `deny ${Reflect.get(answer.denial as object, 'reason')}`;
  return 'reason' in answer ? `wait ${String(answer.reason)}` : 'issued';
};

const at = (text: string | undefined): number => Date.parse(text ?? '');

describe('an answer to a PodCertificateRequest', () => {
  const lives: readonly (readonly [asked: number, ours: number, want: number])[] = [
    [3600, DAY, HOUR],
    [3600, HOUR, HOUR],
    [7200, DAY, 2 * HOUR],
    [86_400, DAY, DAY],
    [86_400, 2 * HOUR, 2 * HOUR],
    [7_862_400, DAY, DAY],
    [86_400, MINUTE, HOUR],
  ];
  for (const [asked, lifeMs, want] of lives)
    it(`lives ${want / HOUR} h, counted from notBefore, where ${asked} s were asked for and ${lifeMs / HOUR} h are our most`, async () => {
      const { answers, clock } = await signerOf({ lifeMs });
      clock.advance(345); // within a second
      const status = issuedBy(await answers.answer(requestOf({ maxExpirationSeconds: asked })));
      const [begin, refresh, end] = [status.notBefore, status.beginRefreshAt, status.notAfter].map(at);
      assert.equal(end! - begin!, want);
      assert.equal(begin, Math.floor(clock.now() / SECOND) * SECOND - MINUTE);
      assert.equal(refresh, begin! + want / 2);
      assert.ok(refresh! <= end! - 15 * MINUTE);
      const leaf = readCertificate(fromPem('CERTIFICATE', status.certificateChain!)[0]!);
      assert.deepEqual([leaf.notBeforeAt, leaf.notAfterAt], [begin, end], 'equal to those of the leaf');
    });

  it('is one that openssl verifies against the roots that pods mount, for the key that was asked for and no name but the identity', async () => {
    await using directory = await tempDir();
    const { answers, authority } = await signerOf();
    const request = requestOf();
    const { certificateChain, conditions } = issuedBy(await answers.answer(request));
    assert.deepEqual(
      conditions.map(({ type, status, reason }) => [type, status, reason]),
      [['Issued', 'True', 'Issued']],
    );
    await writeFile(directory.at('roots.pem'), certificatesToPem(authority.bundles.value.own.x509Authorities));
    await writeFile(directory.at('leaf.pem'), certificateChain!);
    const verified = openssl([
      'verify',
      '-attime',
      String(Date.parse('2030-01-01T01:00:30Z') / 1000),
      '-CAfile',
      directory.at('roots.pem'),
      directory.at('leaf.pem'),
    ]);
    assert.ok(verified.ok, verified.text);
    const { text } = openssl(['x509', '-noout', '-ext', 'subjectAltName,basicConstraints'], certificateChain!);
    assert.match(text, /URI:spiffe:\/\/cluster\.local\/ns\/default\/sa\/app\n/);
    assert.doesNotMatch(text, /CA:TRUE|DNS:/);
    const asked = openssl(['req', '-inform', 'DER', '-noout', '-pubkey'], request.csr!).text;
    assert.equal(openssl(['x509', '-noout', '-pubkey'], certificateChain!).text, asked);
  });

  it('takes nothing but the key out of the request for a certificate, whatever it asks for besides', async () => {
    const { answers } = await signerOf();
    const wishes = [
      'subjectAltName=URI:spiffe://cluster.local/ns/kube-system/sa/admin,DNS:api.example',
      'basicConstraints=CA:TRUE',
    ];
    const csr = opensslCsr([
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      ...wishes.flatMap((wish) => ['-addext', wish]),
    ]);
    const { certificateChain } = issuedBy(
      await answers.answer(requestOf({ stubPKCS10Request: csr.toString('base64') })),
    );
    const { text } = openssl(
      ['x509', '-noout', '-subject', '-ext', 'subjectAltName,basicConstraints'],
      certificateChain!,
    );
    assert.match(text, /URI:spiffe:\/\/cluster\.local\/ns\/default\/sa\/app\n/);
    assert.doesNotMatch(text, /admin|api\.example|CA:TRUE/);
  });

  it('stands in the ledger, with what was attested', async () => {
    const { answers, authority } = await signerOf();
    const request = requestOf();
    issuedBy(await answers.answer(request));
    const [row] = await authority.ledger({ kind: 'x509' });
    assert.deepEqual(
      [row?.channel, row?.consumer, row?.selectors],
      ['pod-certificate', `pod shop/app-1 ${request.pod.uid}`, ['k8s:sa:app']],
    );
  });

  it('is the same until it has arrived, and stands in the ledger once', async () => {
    const { answers, authority, clock } = await signerOf();
    const request = requestOf();
    const first = issuedBy(await answers.answer(request));
    clock.advance(2 * MINUTE);
    assert.equal(issuedBy(await answers.answer(request)).certificateChain, first.certificateChain);
    assert.equal((await authority.ledger({})).length, 1);
    answers.settled(request.uid);
    assert.notEqual(issuedBy(await answers.answer(request)).certificateChain, first.certificateChain);
  });

  it('is made anew where it begins too long ago to be taken', async () => {
    const { answers, clock } = await signerOf();
    const request = requestOf();
    const first = issuedBy(await answers.answer(request));
    clock.advance(5 * MINUTE);
    assert.equal(says(await answers.answer(request)), 'wait not_sound');
    assert.notEqual(issuedBy(await answers.answer(request)).certificateChain, first.certificateChain);
  });

  it('never outlives the authority, which signs nothing in its last hour', async () => {
    const { answers, clock } = await signerOf({}, { ttlMs: 4 * HOUR, ageMs: 2 * HOUR });
    const end = 4 * HOUR + Date.parse('2030-01-01T00:00:00Z');
    const status = issuedBy(await answers.answer(requestOf({ maxExpirationSeconds: 86_400 })));
    assert.equal(at(status.notAfter), end);
    clock.advance(end - HOUR - clock.now());
    assert.equal(says(await answers.answer(requestOf({ maxExpirationSeconds: 86_400 }))), 'issued');
    clock.advance(1);
    assert.equal(says(await answers.answer(requestOf({ maxExpirationSeconds: 86_400 }))), 'wait authority_ends');
    assert.equal(says(await answers.answer(requestOf())), 'wait authority_ends');
  });

  it('begins no sooner than an authority that was made a moment ago, and lives as long as was asked for all the same', async () => {
    const { answers, authority } = await signerOf({}, { ageMs: 345 });
    const status = issuedBy(await answers.answer(requestOf()));
    assert.equal(at(status.notBefore), authority.signing()?.notBeforeAt);
    assert.equal(at(status.notAfter) - at(status.notBefore), HOUR);
  });

  it('waits while the root of who signs is not in what pods mount, and signs nothing meanwhile', async () => {
    const { authority } = await signerOf();
    let published = authority.bundles.value.own;
    const { answers, authority: own } = await signerOf({ published: () => published });
    assert.equal(says(await answers.answer(requestOf())), 'wait unpublished', "another authority's root");
    published = own.bundles.value.own;
    await own.prepare(orderOf());
    assert.equal(says(await answers.answer(requestOf())), 'issued', 'the old one signs');
    const { length } = await own.ledger({});
    await own.activate(orderOf('x509', { override: true, reason: 'test' }));
    assert.equal(says(await answers.answer(requestOf())), 'wait unpublished');
    assert.equal((await own.ledger({})).length, length);
    published = own.bundles.value.own;
    assert.equal(says(await answers.answer(requestOf())), 'issued');
  });

  const rows: readonly {
    name: string;
    change?: (deps: AnswerDeps) => Partial<AnswerDeps>;
    spec?: Record<string, unknown>;
    want: string;
  }[] = [
    {
      name: 'no entry for its account',
      change: () => ({ identityOf: () => undefined }),
      want: 'wait not_entitled',
    },
    { name: 'no bundle out', change: () => ({ published: () => undefined }), want: 'wait unpublished' },
    { name: 'no authority', change: () => ({ authority: () => undefined }), want: 'wait no_authority' },
    {
      name: 'an API server that is away',
      change: () => ({ look: () => Promise.reject(new Error('connect ECONNREFUSED')) }),
      want: 'wait unreachable',
    },
    ...(['store_unavailable', 'authority_not_ready', 'not_entitled', 'internal'] as const).map((code) => ({
      name: `${code} while it is signed`,
      change: () => ({ source: { issueX509: () => Promise.reject(new GatehouseError(code, 'so it is')) } }),
      want: `wait ${{ store_unavailable: 'store', authority_not_ready: 'no_authority', not_entitled: 'revoked', internal: 'unreachable' }[code]}`,
    })),
    {
      name: 'a pod that is gone',
      change: () => ({ look: async () => ({ pod: undefined, account: undefined }) }),
      want: 'deny PodGone',
    },
    {
      name: 'an unknown annotation',
      spec: { unverifiedUserAnnotations: { 'a.example/b': 'c' } },
      want: 'deny UnknownAnnotation',
    },
    {
      name: 'something signed for somebody else',
      change: ({ source }) => ({
        source: {
          issueX509: (asked) =>
            source.issueX509({ ...asked, entitlement: { ...asked.entitlement, ...entitlementOf('other') } }),
        },
      }),
      want: 'wait not_sound',
    },
    {
      name: 'something signed for another key',
      change: ({ source }) => ({ source: { issueX509: ({ spki: _key, ...asked }) => source.issueX509(asked) } }),
      want: 'wait not_sound',
    },
    {
      name: 'something signed that lives longer than was asked for',
      change: ({ source }) => ({
        source: {
          issueX509: (asked) =>
            source.issueX509({ ...asked, entitlement: { ...asked.entitlement, x509SvidTtlMs: 2 * HOUR } }),
        },
      }),
      want: 'wait not_sound',
    },
  ];
  for (const { name, change, spec, want } of rows)
    it(`is to ${want}, for ${name}; no passing fault is final`, async () => {
      const plain = await signerOf();
      const answers = createAnswers({ ...plain.deps, ...change?.(plain.deps) });
      assert.equal(says(await answers.answer(requestOf(spec))), want);
    });

  it('is to wait, for an identity that is revoked, and a certificate once it is not', async () => {
    const { answers, authority } = await signerOf();
    const { spiffeId } = entitlementOf('app');
    await authority.revokeSvid({ kind: 'id', value: spiffeId, who: 'uid:0', reason: 'test' });
    const first = await answers.answer(requestOf());
    assert.equal(says(first), 'wait revoked');
  });
});
