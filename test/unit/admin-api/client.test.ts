import assert from 'node:assert/strict';
import { type AdminReply, type AdminTransport, createAdminClient } from '../../../src/admin-api/client.ts';

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

/** A transport that answers everything by one document, and keeps what it was sent. */
function answering(
  document: unknown,
  { status = 200, headers = { version: '9.9.9' } as { readonly version?: string } } = {},
): AdminTransport & { readonly sent: Sent[] } {
  const sent: Sent[] = [];
  return {
    address: 'unix:/run/admin.sock',
    sent,
    async send(method, path, body): Promise<AdminReply> {
      sent.push({ method, path, body });
      return {
        status,
        version: headers.version,
        text: async () => (typeof document === 'string' ? document : JSON.stringify(document)),
        async *pieces() {
          yield new TextEncoder().encode('sealed');
        },
      };
    },
  };
}

const audit = {
  rows: [
    {
      at: '2026-01-31T12:00:00.000Z',
      who: 'uid:0 (root)',
      verb: 'ca prepare',
      use: 'x509',
      authorityId: 'ab',
      reason: '',
      result: 'done',
    },
  ],
};

describe('createAdminClient', () => {
  it('puts the question of a GET into path and query, that of a POST into the body', async () => {
    const asked = answering(audit);
    const client = createAdminClient(asked);
    await client.ask('GET /v1/audit', { limit: 3 });
    await client.ask('GET /v1/audit');
    await assert.rejects(client.ask('GET /v1/decisions/{id}', { id: 'a/b?c' }));
    await assert.rejects(client.ask('GET /v1/ledger', { spiffeId: 'spiffe://a/b c', kind: undefined }));
    await assert.rejects(client.ask('POST /v1/rehearsal', { use: 'jwt' }));
    await assert.rejects(client.ask('POST /v1/rehearsal'));
    assert.deepEqual(asked.sent, [
      { method: 'GET', path: '/v1/audit?limit=3', body: undefined },
      { method: 'GET', path: '/v1/audit', body: undefined },
      { method: 'GET', path: '/v1/decisions/a%2Fb%3Fc', body: undefined },
      { method: 'GET', path: '/v1/ledger?spiffeId=spiffe%3A%2F%2Fa%2Fb+c', body: undefined },
      { method: 'POST', path: '/v1/rehearsal', body: '{"use":"jwt"}' },
      { method: 'POST', path: '/v1/rehearsal', body: '{}' },
    ]);
  });

  it('gives fields of a newer server on, at every depth, as they came', async () => {
    const newer = { ...audit, more: 1, rows: [{ ...audit.rows[0], signature: 'x' }] };
    assert.deepEqual(await createAdminClient(answering(newer)).ask('GET /v1/audit'), newer);
  });

  const [row] = audit.rows;
  const misread: readonly { name: string; answer: unknown; field: string; version?: string }[] = [
    { name: 'a field that is missing', answer: {}, field: 'rows' },
    { name: 'a field of a row', answer: { rows: [row, { ...row, verb: undefined }] }, field: 'rows[1].verb' },
    { name: 'a field of another type', answer: { rows: [{ ...row, who: 7 }] }, field: 'rows[0].who' },
    { name: 'a time that is none', answer: { rows: [{ ...row, at: 'soon' }] }, field: 'rows[0].at' },
    { name: 'no object at all', answer: null, field: '' },
  ];
  for (const { name, answer, field } of misread)
    it(`names field, place and version of an answer with ${name}`, async () => {
      await assert.rejects(createAdminClient(answering(answer)).ask('GET /v1/audit'), {
        code: 'message_invalid',
        message: new RegExp(
          `^the server at unix:/run/admin.sock \\(version 9\\.9\\.9\\) answers GET /v1/audit otherwise .*: ${field.replace(/[[\]]/g, '\\$&') || 'the answer'}: `,
        ),
        details: { route: 'GET /v1/audit', field, version: '9.9.9' },
      });
    });

  it('says that it does not know the version of a server that does not tell it', async () => {
    await assert.rejects(createAdminClient(answering({}, { headers: {} })).ask('GET /v1/audit'), {
      message: /\(version unknown\)/,
    });
  });

  const refused: readonly { name: string; answer: unknown; want: object }[] = [
    {
      name: 'an error',
      answer: { code: 'not_found', message: 'no such thing', details: { id: 'a' } },
      want: { code: 'not_found', message: 'no such thing', details: { id: 'a' } },
    },
    {
      name: 'an error of a newer server',
      answer: { code: 'too_early', message: 'not yet', details: {} },
      want: { code: 'internal', message: 'too_early: not yet', details: { serverCode: 'too_early' } },
    },
    { name: 'JSON of somebody else', answer: { error: 'x' }, want: { code: 'internal', message: /with status 404/ } },
    { name: 'no JSON', answer: '<html>', want: { code: 'unreachable', message: /is no admin API/ } },
  ];
  for (const { name, answer, want } of refused)
    it(`throws what a refusal says: ${name}`, async () => {
      await assert.rejects(createAdminClient(answering(answer, { status: 404 })).ask('GET /v1/audit'), want);
    });

  it('gives the bytes of a backup', async () => {
    const pieces = await createAdminClient(answering('')).ask('POST /v1/backup');
    const all: number[] = [];
    for await (const piece of pieces) all.push(...piece);
    assert.equal(Buffer.from(all).toString(), 'sealed');
  });
});
