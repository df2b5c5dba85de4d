import assert from 'node:assert/strict';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { readLogMessage } from '../../../../../src/authz/native/reports/log-message.ts';
import {
  AccessLogCommonSchema,
  HTTPAccessLogEntrySchema,
  HTTPRequestPropertiesSchema,
} from '../../../../../src/gen/envoy/data/accesslog/v3/accesslog_pb.ts';
import { StreamAccessLogsMessageSchema } from '../../../../../src/gen/envoy/service/accesslog/v3/als_pb.ts';

const bytesOf = (init: MessageInitShape<typeof StreamAccessLogsMessageSchema>): Uint8Array =>
  toBinary(StreamAccessLogsMessageSchema, create(StreamAccessLogsMessageSchema, init));

const at = (address: string, portValue: number) => ({
  address: {
    case: 'socketAddress' as const,
    value: { address, portSpecifier: { case: 'portValue' as const, value: portValue } },
  },
});
const uri = (value: string) => ({ san: { case: 'uri' as const, value } });
const dns = (value: string) => ({ san: { case: 'dns' as const, value } });
const [caller, own] = ['productpage', 'details'].map((name) => `spiffe://cluster.local/ns/default/sa/${name}`);

const common = create(AccessLogCommonSchema, {
  downstreamRemoteAddress: at('203.0.113.9', 1),
  downstreamDirectRemoteAddress: at('10.0.0.1', 40_000),
  downstreamLocalAddress: at('10.0.0.2', 8443),
  tlsProperties: {
    tlsSniHostname: 'details',
    localCertificateProperties: { subject: 'O=x', subjectAltName: [dns('d'), uri(own!), uri('spiffe://other')] },
    peerCertificateProperties: { subjectAltName: [uri(caller!)] },
  },
  startTime: { seconds: 1_790_000_000n, nanos: 250_000_000 },
  duration: { seconds: 1n, nanos: 5 },
  metadata: {
    filterMetadata: {
      'envoy.filters.http.jwt_authn': { gh_enforced_effective_policy_id: 'n:forged' },
      'envoy.filters.http.rbac': {
        other: { deep: ['x', 1, null] },
        ghr_enforced_effective_policy_id: 'n:not-revoked',
        gh_enforced_effective_policy_id: 'n:allow/default/größe#3',
        gh_enforced_engine_result: 'allowed',
      },
      'envoy.filters.network.rbac': { gh_shadow_effective_policy_id: 'n:no-policy-applies' },
    },
  },
  streamId: 'x',
});

const request = create(HTTPRequestPropertiesSchema, {
  ...{ requestMethod: 2, scheme: 'https', authority: 'details', path: '/ä?q', requestId: 'r' },
});

const logEntry = [create(HTTPAccessLogEntrySchema, { commonProperties: common, protocolVersion: 2, request })];

describe('readLogMessage', () => {
  it('reads of an entry all that is looked at, and nothing that another filter has written', () => {
    const { node, entries } = readLogMessage(
      bytesOf({
        identifier: { node: { id: 'n1', cluster: 'c', metadata: { LABELS: { app: 'x' } } }, logName: 'gatehouse' },
        logEntries: { case: 'httpLogs', value: { logEntry } },
      }),
    );
    assert.deepEqual([node?.id, node?.metadata], ['n1', { LABELS: { app: 'x' } }]);
    assert.deepEqual(entries, [
      {
        ...{ protocol: 'http', revoked: 'n:not-revoked', decided: 'n:allow/default/größe#3', result: 'allowed' },
        ...{ found: 'n:no-policy-applies', at: 1_790_000_000_250, sni: 'details' },
        caller: { uris: [caller], dns: [], subject: '' },
        own: { uris: [own, 'spiffe://other'], dns: ['d'], subject: 'O=x' },
        peer: { address: '10.0.0.1', port: 40_000 },
        remote: { address: '203.0.113.9', port: 1 },
        local: { address: '10.0.0.2', port: 8443 },
        ...{ method: 2, host: 'details', path: '/ä?q', requestId: 'r' },
      },
    ]);
  });

  it('says what is not there: no addresses, no certificates, no node, an address without a port', () => {
    const pipe = { address: { case: 'pipe' as const, value: { path: '/p' } } };
    const { node, entries } = readLogMessage(
      bytesOf({
        logEntries: {
          case: 'tcpLogs',
          value: { logEntry: [{}, { commonProperties: { downstreamLocalAddress: pipe } }] },
        },
      }),
    );
    assert.equal(node, undefined);
    assert.deepEqual(
      entries.map(({ protocol, peer, local, caller: { uris }, at: time }) => [protocol, peer, local, uris, time]),
      [
        ['tcp', undefined, undefined, [], 0],
        ['tcp', undefined, { address: '', port: 0 }, [], 0],
      ],
    );
    assert.equal(readLogMessage(bytesOf({ identifier: { node: {} } })).node?.id, '');
    assert.deepEqual(readLogMessage(new Uint8Array()), { node: undefined, entries: [] });
  });

  it('reads metadata whose value stands before its key, and an entry with neither', () => {
    const part = (number: number, value: Buffer | string) => {
      const bytes = Buffer.from(value);
      return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
    };
    const mapEntry = (key: string, value: Buffer) => part(1, Buffer.concat([part(2, value), part(1, key)]));
    const struct = mapEntry('gh_enforced_effective_policy_id', part(3, 'n:x'));
    const metadata = mapEntry('envoy.filters.http.rbac', struct);
    const long = (number: number, value: Buffer) =>
      Buffer.concat([Buffer.from([((number * 8 + 2) & 127) | 128, (number * 8 + 2) >> 7, value.length]), value]);
    const bytes = part(2, part(1, part(1, long(17, Buffer.concat([part(1, ''), metadata])))));
    assert.equal(readLogMessage(bytes).entries[0]?.decided, 'n:x');
  });

  it('refuses what is cut off, and never reads past the end', () => {
    const whole = bytesOf({ logEntries: { case: 'httpLogs', value: { logEntry } } });
    for (let length = 1; length < whole.length; length++) {
      const cut = Buffer.concat([whole.subarray(0, length), Buffer.alloc(64, 0xff)]).subarray(0, length);
      assert.throws(() => readLogMessage(cut), /not a protobuf message/, `${length}`);
    }
  });
});
