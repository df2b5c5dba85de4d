import assert from 'node:assert/strict';
import { create, fromBinary, type MessageInitShape, type MessageShape, toBinary, toJson } from '@bufbuild/protobuf';
import { accessLogMethods } from '../../../../src/authz/native/reports/access-log.ts';
import { readLogMessage } from '../../../../src/authz/native/reports/log-message.ts';
import { reportedLine } from '../../../../src/authz/native/reports/reported-line.ts';
import type { RedactedDecision } from '../../../../src/authz/record/redacted-decision.ts';
import {
  HTTPAccessLogEntrySchema,
  TCPAccessLogEntrySchema,
} from '../../../../src/gen/envoy/data/accesslog/v3/accesslog_pb.ts';
import { StreamAccessLogsMessageSchema } from '../../../../src/gen/envoy/service/accesslog/v3/als_pb.ts';
import { CheckRequestSchema } from '../../../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';
import type { PolicyModel } from '../../../../src/policy/model.ts';
import { decisionRecord } from '../../../../src/server/log/decision-record.ts';
import { createReports } from '../../../../src/server/native/reports.ts';
import { parseSpiffeId } from '../../../../src/spiffe/spiffe-id.ts';
import type { CallContext } from '../../../../src/transport/grpc-methods.ts';

const details = parseSpiffeId('spiffe://cluster.local/ns/default/sa/details');
/** An Envoy that says nothing of its labels. */
const teller = { spiffeId: details, node: 'n', said: { labels: undefined, trustedHops: undefined } };
const caller = 'spiffe://cluster.local/ns/default/sa/productpage';
const NOW = Date.parse('2026-11-29T12:00:00Z');
const position = { file: 'p.yaml', line: 1, column: 1 };
const rule = { index: 0, position, effect: 'allow', http: { op: 'all', of: [] }, tcp: undefined } as const;

/** One policy `default/viewer` of one rule. */
const model: PolicyModel = {
  generation: 7,
  absence: 'upstream',
  planes: [
    {
      id: 'istio',
      mode: 'enforce',
      stages: [
        {
          ...{ kind: 'any-allow', name: 'ALLOW' },
          policies: [
            {
              ref: { dialect: 'istio', kind: 'AuthorizationPolicy', namespace: 'default', name: 'viewer' },
              ...{ position, owner: 'team-a', mode: 'enforce', rules: [rule] },
              subject: { namespace: 'default', labels: [] },
            },
          ],
        },
      ],
    },
  ],
};

interface Said {
  readonly name?: string;
  readonly result?: string;
  readonly revoked?: string;
  readonly shown?: string;
  readonly path?: string;
  readonly requestId?: string;
  readonly atMs?: number;
  /** Addresses of the caller and of the workload. */
  readonly ends?: readonly [string, string];
}

function entry({
  name,
  result = 'allowed',
  revoked = 'n:not-revoked',
  shown = details,
  path = '/a?token=x',
  requestId = 'r1',
  atMs = NOW,
  ends: [from, to] = ['', ''],
}: Said) {
  const socket = (address: string) => ({ address: { case: 'socketAddress' as const, value: { address } } });
  const san = (value: string) => [{ san: { case: 'uri' as const, value } }];
  const fields = {
    ghr_enforced_effective_policy_id: revoked,
    ...(name !== undefined && { gh_enforced_effective_policy_id: name, gh_enforced_engine_result: result }),
  };
  const init: MessageInitShape<typeof HTTPAccessLogEntrySchema> = {
    commonProperties: {
      sampleRate: 1,
      startTime: { seconds: BigInt(Math.floor(atMs / 1000)), nanos: 0 },
      metadata: { filterMetadata: { 'envoy.filters.http.rbac': fields } },
      ...(from !== '' && { downstreamDirectRemoteAddress: socket(from), downstreamLocalAddress: socket(to) }),
      tlsProperties: {
        peerCertificateProperties: { subjectAltName: san(caller) },
        localCertificateProperties: { subjectAltName: shown === '' ? [] : san(shown) },
      },
    },
    request: { requestMethod: 1, authority: 'details', path, requestId },
  };
  return create(HTTPAccessLogEntrySchema, init);
}

function world(nowMs = () => NOW, inForce = model) {
  const kept: RedactedDecision[] = [];
  const untold = new Map<string, number>();
  const warned: string[] = [];
  const reports = createReports({
    model: () => inForce,
    workloadOf: (spiffeId, { labels }) => ({
      spiffeId,
      namespace: 'default',
      serviceAccount: 'details',
      labels,
      trustedHops: 0,
      isGateway: false,
    }),
    metrics: {
      countReported: () => undefined,
      countUntold: (why, count) => void untold.set(why, (untold.get(why) ?? 0) + count),
    },
    warn: (_, message) => warned.push(message),
    now: nowMs,
  });
  reports.deliverTo({ add: (some) => void kept.push(...some) });
  return { reports, kept, untold, warned };
}

/** What a stream brings, read. */
const received = (init: MessageInitShape<typeof StreamAccessLogsMessageSchema>) =>
  readLogMessage(toBinary(StreamAccessLogsMessageSchema, create(StreamAccessLogsMessageSchema, init)));

const lineOf = (logEntry: MessageShape<typeof HTTPAccessLogEntrySchema>) =>
  reportedLine(received({ logEntries: { case: 'httpLogs', value: { logEntry: [logEntry] } } }).entries[0]!);

const connectionOf = (logEntry: MessageShape<typeof TCPAccessLogEntrySchema>) =>
  reportedLine(received({ logEntries: { case: 'tcpLogs', value: { logEntry: [logEntry] } } }).entries[0]!);

describe('reportedLine of a connection', () => {
  const cases = [
    { name: 'n:allow/default/viewer#0', want: ['allow', 'rule_allowed', 'viewer'] },
    { name: 'n:no-policy-applies', want: ['allow', 'no_policy_applies', undefined] },
    { name: 'n:deny/default/viewer#1', want: ['deny', 'rule_denied', 'viewer'] },
    { name: 'n:no-rule-allowed', want: ['deny', 'no_rule_allowed', undefined] },
    { name: 'n:mtls/default/strict', want: ['deny', 'mtls_required', 'strict'] },
    { name: 'n:revoked', want: ['deny', 'revoked', undefined] },
    { name: 'ask:revoked-serial', want: undefined },
    { name: undefined, want: undefined },
  ];
  for (const { name, want } of cases)
    it(`takes ${name} for ${want?.join(', ') ?? 'nothing'}`, () => {
      const fields = name === undefined ? {} : { gh_shadow_effective_policy_id: name };
      const line = connectionOf(
        create(TCPAccessLogEntrySchema, {
          commonProperties: { metadata: { filterMetadata: { 'envoy.filters.network.rbac': fields } } },
        }),
      );
      assert.deepEqual(line && [line.effect, line.reason, line.policy?.name], want);
      if (line !== undefined) assert.equal(line.protocol, 'tcp');
    });
});

describe('reportedLine', () => {
  const cases = [
    { said: { name: 'n:allow/default/viewer#0' }, want: ['allow', 'rule_allowed', 'default/viewer#0'] },
    {
      said: { name: 'n:deny/default/viewer#12', result: 'denied' },
      want: ['deny', 'rule_denied', 'default/viewer#12'],
    },
    { said: { name: 'n:no-rule-allowed', result: 'denied' }, want: ['deny', 'no_rule_allowed', ''] },
    { said: { name: 'n:no-policy-applies' }, want: ['allow', 'no_policy_applies', ''] },
    {
      said: { name: 'n:mtls/default/strict', result: 'denied' },
      want: ['deny', 'mtls_required', 'default/strict#undefined'],
    },
    { said: { revoked: 'n:revoked' }, want: ['deny', 'revoked', ''] },
    { said: { name: 'n:allow/default/viewer#0', result: '' }, want: ['deny', 'rule_denied', 'default/viewer#0'] },
    { said: { name: 'ask:revocations' }, want: undefined },
    { said: {}, want: undefined },
  ] as const;
  for (const { said, want } of cases)
    it(`reads ${JSON.stringify(said)}`, () => {
      const line = lineOf(entry(said));
      const policy = line?.policy && `${line.policy.namespace}/${line.policy.name}#${line.policy.rule}`;
      assert.deepEqual(line && [line.effect, line.reason, policy ?? ''], want);
    });

  it('leaves the query out, and cuts what is long', () => {
    const line = lineOf(entry({ name: 'n:x', path: `/${'p'.repeat(9_000)}?q=secret`, requestId: 'i'.repeat(999) }))!;
    assert.equal(line.path.length, 2_048);
    assert.equal(line.requestId.length, 128);
    assert.doesNotMatch(JSON.stringify(line), /secret/);
  });
});

describe('createReports', () => {
  const lines = (count: number, said: Said = { name: 'n:allow/default/viewer#0' }) =>
    Array.from({ length: count }, () => lineOf(entry(said))!);

  it('counts a line as a decision of the rule that it names, and keeps it as reported', () => {
    const { reports, kept } = world();
    reports.reported(teller, lines(1));
    const record = decisionRecord(kept[0]!);
    assert.deepEqual(
      { ...record, id: '' },
      {
        ...{ id: '', at: '2026-11-29T12:00:00.000Z', decision: 'allow', reason: 'rule_allowed', plane: 'istio' },
        ...{ stage: 'ALLOW', owner: 'team-a', policy: 'default/viewer', rule: 0, snapshot: 7, reported: true },
        destination: { spiffeId: details, foundBy: 'principal' },
        source: { principal: caller, address: '', port: 0 },
        request: { protocol: 'http', method: 'GET', host: 'details', path: '/a', requestId: 'r1' },
      },
    );
    const { decider, edges, rules, checks } = reports.counts();
    assert.equal(decider, 'envoys');
    assert.deepEqual(checks, { allowed: 1, denied: 0 });
    assert.deepEqual([edges[0]?.caller, edges[0]?.destination, edges[0]?.count], [caller, details, 1]);
    assert.deepEqual(
      edges[0]?.requests?.map(({ method, path, count }) => [method, path, count]),
      [['GET', '/a', 1]],
    );
    assert.deepEqual([rules[0]?.name, rules[0]?.index, rules[0]?.count], ['viewer', 0, 1]);
    assert.equal(reports.linesOf(details, 'n'), 1);
  });

  it('counts what a million lines a minute are, keeps few of them, and drops and counts what is more', () => {
    let nowMs = NOW;
    const { reports, kept, untold } = world(() => nowMs);
    const some = lines(1_000);
    for (let i = 0; i < 170; i++) {
      nowMs = NOW + Math.floor(i / 17) * 1_000; // 17,000 a second
      reports.reported(teller, some);
    }
    assert.deepEqual(reports.counts().checks, { allowed: 170_000, denied: 0 });
    assert.equal(kept.length, 10 * 100);
    assert.equal(untold.get('not_logged'), 170_000 - 10 * 100);
    for (let i = 0; i < 30; i++) reports.reported(teller, some);
    assert.ok((untold.get('too_many') ?? 0) >= 10_000);
    assert.equal(reports.counts().edges.length, 1);
  });

  it('keeps denies apart from allows, which take no room from them, and both as many as decisions here', () => {
    const { reports, kept, untold } = world();
    const denied = lines(600, { name: 'n:no-rule-allowed', result: 'denied' });
    reports.reported(teller, [...lines(800), ...denied]);
    const countOf = (effect: string) => kept.filter(({ decision }) => decision.effect === effect).length;
    assert.deepEqual([countOf('allow'), countOf('deny')], [100, 500]);
    assert.equal(untold.get('not_logged'), 800);
  });

  it('shows the candidate more than are kept, and keeps all that it changes', () => {
    const { reports, kept } = world();
    const shown: number[] = [];
    const isOther = ({ request }: RedactedDecision) =>
      fromBinary(CheckRequestSchema, request!).attributes?.request?.http?.path === '/other';
    const candidate = { result: 'newly_denied', decision: { effect: 'deny', reason: 'no_rule_allowed' } };
    reports.deliverTo({ add: (some) => void kept.push(...some) }, (entries, others) => {
      shown.push(entries.length, others);
      return entries.map((each) => (isOther(each) ? ({ ...each, candidate } as unknown as RedactedDecision) : each)); // of which nothing else is looked at
    });
    reports.reported(teller, [
      ...lines(480),
      ...lines(15, { name: 'n:allow/default/viewer#0', path: '/other' }),
      ...lines(300),
    ]);
    assert.deepEqual(shown, [500, 295]);
    assert.deepEqual([kept.length, kept.filter(isOther).length], [115, 15]);
  });

  it('makes of a line the request that it tells of', () => {
    const { reports, kept } = world();
    const said = { name: 'n:allow/default/viewer#0', ends: ['10.0.0.1', '10.0.0.2'] } as const;
    reports.reported(
      { ...teller, said: { labels: new Map([['app', 'détails']]), trustedHops: undefined } },
      lines(1, said),
    );
    const address = (at: string) => ({ address: { socketAddress: { portValue: 0, ...(at && { address: at }) } } });
    assert.deepEqual(toJson(CheckRequestSchema, fromBinary(CheckRequestSchema, kept[0]!.request!)), {
      attributes: {
        source: { ...address('10.0.0.1'), principal: caller },
        destination: { ...address(''), principal: details, labels: { app: 'détails' } },
        request: {
          http: {
            ...{ method: 'GET', path: '/a', host: 'details' },
            headers: { ':method': 'GET', ':path': '/a', ':authority': 'details', 'x-request-id': 'r1' },
          },
        },
      },
    });
  });

  it('does not believe a clock that is far off', () => {
    const { reports, kept } = world();
    reports.reported(teller, lines(1, { name: 'n:no-rule-allowed', result: 'denied', atMs: NOW - 86_400_000 }));
    assert.equal(kept[0]?.decidedAt, NOW);
  });

  it('covers a token in a path', () => {
    const { reports, kept } = world();
    reports.reported(teller, lines(1, { name: 'n:no-rule-allowed', path: '/t/eyJhbGciOiJ9.eyJzdWIiOiJ9.c2ln/x' }));
    assert.doesNotMatch(JSON.stringify(reports.counts()), /eyJ/);
    assert.equal(decisionRecord(kept[0]!).request?.path, `/t/${'x'.repeat(30)}/x`);
  });
});

describe('rules of planes beside that of Istio', () => {
  const pod = (name: string, ip: string) => ({
    ...{ namespace: 'default', name, serviceAccount: name, labels: [['app', name]] as const },
    ...{ addresses: [ip], ports: [], hostNetwork: false },
  });
  const tier = (mode: 'enforce' | 'observe', effect: 'allow' | 'deny'): PolicyModel => ({
    ...model,
    planes: [
      ...model.planes,
      {
        ...{ id: 'l4', mode },
        stages: [
          {
            ...{ kind: 'first-match', name: 'default', onNoMatch: 'deny', direction: 'ingress' },
            policies: [
              {
                // as the policy of Istio is called
                ref: { dialect: 'kubernetes', kind: 'NetworkPolicy', namespace: 'default', name: 'viewer' },
                ...{ position, owner: 'team-b', mode: 'enforce', subject: { namespace: 'default', labels: [] } },
                rules: [
                  {
                    ...{ index: 0, position, effect },
                    http: { op: 'address', fact: 'source', any: [{ text: '10.0.0.1/32' }] },
                    tcp: undefined,
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
    registry: {
      endpoints: [pod('productpage', '10.0.0.1'), pod('details', '10.0.0.2')],
      ...{ namespaces: [], serviceAccounts: [], networkSets: [] },
    },
  });
  const told = (name: string, from: string) => {
    const line = lineOf(entry({ name, ends: [from, '10.0.0.2'] }));
    return line === undefined ? [] : [line];
  };
  const cases = [
    {
      name: 'n:allow/default/viewer#0',
      in: tier('enforce', 'allow'),
      want: ['AuthorizationPolicy', 'NetworkPolicy'],
      says: 'istio',
    },
    { name: 'n:no-policy-applies', in: tier('enforce', 'allow'), want: ['NetworkPolicy'], says: 'l4' },
    {
      name: 'n:allow/default/viewer#0',
      in: tier('observe', 'allow'),
      want: ['AuthorizationPolicy', 'NetworkPolicy'],
      says: 'istio',
    },
    { name: 'n:allow/default/viewer#0', in: tier('enforce', 'deny'), want: ['AuthorizationPolicy'], says: 'istio' },
    {
      name: 'n:allow/default/viewer#0',
      in: tier('enforce', 'allow'),
      from: '10.0.0.9',
      want: ['AuthorizationPolicy'],
      says: 'istio',
    },
  ];
  for (const each of cases)
    it(`${each.name} from ${each.from ?? 'its pod'}, ${each.in.planes[1]?.mode}: ${each.want.join(', ')}`, () => {
      const { reports, kept } = world(undefined, each.in);
      reports.reported(teller, told(each.name, each.from ?? '10.0.0.1'));
      assert.deepEqual(
        reports
          .counts()
          .rules.map(({ kind }) => kind)
          .sort(),
        each.want,
      );
      assert.equal(kept[0]?.decision.plane, each.says);
    });
});

describe('StreamAccessLogs', () => {
  it('believes lines of the workload that the stream is of, and counts those that name another', async () => {
    const { reports, untold, warned } = world();
    const controller = new AbortController();
    const [method] = accessLogMethods(reports, () => ({
      identities: async () => [details],
      changed: async () => undefined,
      wake: () => undefined,
      [Symbol.dispose]: () => undefined,
    }));
    assert.ok(method?.kind === 'bidi_streaming');
    const other = 'spiffe://cluster.local/ns/default/sa/ratings';
    async function* messages() {
      const logEntry = [
        entry({ name: 'n:no-policy-applies' }),
        entry({ name: 'n:no-policy-applies', shown: '' }),
        entry({ name: 'n:no-policy-applies', shown: other }),
        entry({ name: 'ask:x', shown: other }),
      ];
      yield received({
        identifier: { node: { id: details }, logName: 'gatehouse' },
        logEntries: { case: 'httpLogs', value: { logEntry } },
      });
      yield received({ logEntries: { case: 'tcpLogs', value: {} } });
      yield received({});
    }
    const context = { signal: controller.signal } as CallContext; // nothing else is looked at
    const answers = [];
    for await (const answer of method.handle(messages(), context)) answers.push(answer);
    assert.equal(answers.length, 1);
    assert.deepEqual(reports.counts().checks, { allowed: 2, denied: 0 });
    assert.equal(untold.get('foreign'), 1);
    assert.equal(warned.length, 1);
    assert.equal(reports.linesOf(details, details), 2);
  });

  it('knows of the workload the labels that its Envoy says, as a Check of it would', async () => {
    const { reports, kept } = world();
    const [method] = accessLogMethods(reports, () => ({
      identities: async () => [details],
      changed: async () => undefined,
      wake: () => undefined,
      [Symbol.dispose]: () => undefined,
    }));
    assert.ok(method?.kind === 'bidi_streaming');
    async function* messages() {
      yield received({
        identifier: { node: { id: details, metadata: { LABELS: { app: 'details' } } }, logName: 'gatehouse' },
        logEntries: { case: 'httpLogs', value: { logEntry: [entry({ name: 'n:allow/default/viewer#0' })] } },
      });
    }
    const context = { signal: new AbortController().signal } as CallContext; // as above
    for await (const _ of method.handle(messages(), context));
    const { attributes } = fromBinary(CheckRequestSchema, kept[0]!.request!);
    assert.deepEqual(attributes?.destination?.labels, { app: 'details' });
    assert.deepEqual([...(kept[0]!.destination?.labels ?? [])], [['app', 'details']]);
  });
});
