import assert from 'node:assert/strict';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { RedactedDecision } from '../../../../src/authz/record/redacted-decision.ts';
import type { AttributeContextSchema } from '../../../../src/gen/envoy/service/auth/v3/attribute_context_pb.ts';
import { CheckRequestSchema } from '../../../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import { createLog } from '../../../../src/platform/observe/log.ts';
import { decision } from '../../../../src/policy/decision.ts';
import { createDecisionLog } from '../../../../src/server/log/decision-log.ts';
import { decisionRecord } from '../../../../src/server/log/decision-record.ts';

type Attributes = MessageInitShape<typeof AttributeContextSchema>;

const kept = (request: Buffer | undefined): RedactedDecision => ({
  id: 'a'.repeat(20),
  decidedAt: Date.parse('2030-01-01T00:00:00Z'),
  decision: decision(undefined, 'allow', 'rule_allowed'),
  destination: undefined,
  snapshot: 3,
  request,
  caller: { local: true },
  tokens: undefined,
});

const asked = (attributes: Attributes): Buffer =>
  Buffer.from(toBinary(CheckRequestSchema, create(CheckRequestSchema, { attributes })));

describe('decisionRecord', () => {
  it('shows who asked for what, without the query', () => {
    const http = { id: '17', method: 'GET', host: 'shop', path: '/käse/1?token=secret#x' };
    const address = {
      address: {
        case: 'socketAddress' as const,
        value: { address: '10.1.2.3', portSpecifier: { case: 'portValue' as const, value: 4711 } },
      },
    };
    const source = { principal: 'spiffe://a/b', address };
    const shown = decisionRecord(kept(asked({ source, request: { http } })));
    assert.deepEqual(shown.source, { principal: 'spiffe://a/b', address: '10.1.2.3', port: 4711 });
    assert.deepEqual(shown.request, {
      protocol: 'http',
      method: 'GET',
      host: 'shop',
      path: '/käse/1',
      streamId: '17',
    });
  });

  it('calls a request what the access log calls it, however Envoy sends headers', () => {
    const http = { id: '17', headers: { 'x-request-id': 'a-b', authorization: 'secret' } };
    const raw = { headers: [{ key: 'x-request-id', rawValue: Buffer.from('ä') }] };
    assert.deepEqual(decisionRecord(kept(asked({ request: { http } }))).request, {
      protocol: 'http',
      method: '',
      host: '',
      path: '',
      requestId: 'a-b',
      streamId: '17',
    });
    const { request } = decisionRecord(kept(asked({ request: { http: { headerMap: raw } } })));
    assert.equal(request?.requestId, 'ä');
  });

  it('shows what is no HTTP as a connection, and leaves out what it does not know', () => {
    const shown = decisionRecord(kept(asked({})));
    assert.deepEqual(shown.request, { protocol: 'tcp' });
    assert.equal('source' in shown, false);
  });

  it('cuts what is long', () => {
    const { request } = decisionRecord(kept(asked({ request: { http: { path: `/${'x'.repeat(2_000)}?a` } } })));
    assert.equal(request?.path?.length, 513);
    assert.ok(request.path.endsWith('…'));
  });

  it('leaves out a request that cannot be read, and one that was not kept', () => {
    for (const request of [Buffer.from([0x0a, 0x7f, 1]), undefined]) {
      const shown = decisionRecord(kept(request));
      assert.equal('request' in shown, false);
      assert.equal(shown.reason, 'rule_allowed');
    }
  });
});

describe('createDecisionLog', () => {
  it('writes at the level that the log has at that moment', () => {
    const lines: string[] = [];
    const log = createLog('warn', { write: (line) => void lines.push(line) });
    const decisions = createDecisionLog(log);
    decisions.add([kept(undefined)]);
    assert.deepEqual(lines, []);
    log.level = 'info';
    decisions.add([kept(undefined)]);
    assert.equal((JSON.parse(lines[0]!) as { message: string }).message, 'decision');
    assert.equal(decisions.size, 1); // of the same id
  });
});
