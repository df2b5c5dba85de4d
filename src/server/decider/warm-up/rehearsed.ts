/**
 * What is asked before anybody asks, and the policies that it is asked under: rules and requests as clusters have them, of nobody's own.
 * @module
 */
import { bytesField, varintField } from '../../../authz/wire/writer.ts';
import type { Atom, Expr, Policy, PolicyModel, Rule, RuleStage, TextFact, TextPattern } from '../../../policy/model.ts';

const position = { file: 'warm-up', line: 1, column: 1 };
const DESTINATION = 'spiffe://warm.up/ns/shop/sa/backend';
const callerOf = (i: number): string => `spiffe://warm.up/ns/team-${i % 7}/sa/caller-${i}`;
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;
const CALLERS = 40;

const text = (fact: TextFact, ...any: readonly TextPattern[]): Atom => ({ op: 'text', fact, any });
const exact = (value: string): TextPattern => ({ is: 'exact', value });
const path: TextFact = { of: 'path' };

/** Each caller may use one method under one prefix; some need more. */
function allowed(i: number): Expr {
  const extra: readonly Expr[] = [
    text({ of: 'header', name: 'x-tenant' }, exact('acme'), { is: 'prefix', value: 'tenant-' }),
    { op: 'not', of: text(path, { is: 'suffix', value: '/secret' }) },
    { op: 'address', fact: 'source', any: [{ text: '10.0.0.0/8' }, { text: 'fd00::/16' }] },
    { op: 'port', fact: 'destinationPort', any: [{ from: 8000, to: 8999 }] },
    text({ of: 'host' }, { is: 'suffix', value: '.svc.cluster.local', ignoreCase: true }),
  ];
  const prefix: TextPattern = { is: 'prefix', value: `/api/v1/res-${i}/` };
  return {
    op: 'all',
    of: [
      text({ of: 'peerName' }, exact(callerOf(i))),
      ...[text({ of: 'method' }, exact(METHODS[i % METHODS.length]!)), text(path, prefix)],
      ...(i % 4 === 3 ? [extra[(i >> 2) % extra.length]!] : []),
    ],
  };
}

const denied: readonly Expr[] = [
  text(path, { is: 'prefix', value: '/internal/' }),
  { op: 'not', of: text({ of: 'header', name: ':method' }, { is: 'present' }) },
];

function stage(kind: 'any-deny' | 'any-allow', effect: Rule['effect'], conditions: readonly Expr[]): RuleStage {
  const rules = conditions.map((http, index): Rule => ({ index, position, effect, http, tcp: undefined }));
  const ref = { dialect: 'istio', kind: 'AuthorizationPolicy', namespace: 'shop', name: kind } as const;
  const subject = { namespace: 'shop', labels: [] };
  const policy: Policy = { ref, position, owner: '', mode: 'enforce', subject, rules };
  return { kind, name: kind, policies: [policy] };
}

/** Policies of one plane. */
export const rehearsedModel: PolicyModel = {
  generation: 0,
  absence: 'upstream',
  planes: [
    {
      id: 'istio',
      mode: 'enforce',
      stages: [
        stage('any-deny', 'deny', denied),
        stage(
          'any-allow',
          'allow',
          Array.from({ length: CALLERS }, (_, i) => allowed(i)),
        ),
      ],
    },
  ],
};

/** CheckRequests as Envoy sends them: most are allowed, some denied by a rule, by none, or because they say nothing. */
export const rehearsedQuestions = (): readonly Buffer[] =>
  Array.from({ length: 2 * CALLERS }, (_, i) => {
    const caller = i % CALLERS;
    if (i % 16 === 15) return httpQuestion(callerOf(caller), 'GET', '/internal/admin');
    if (i % 16 === 7) return httpQuestion(callerOf(caller), 'PATCH', '/elsewhere?page=2');
    if (i === 13) return bytesField(1, bytesField(1, peer(callerOf(1), '10.1.2.3', 40_000)));
    return httpQuestion(callerOf(caller), METHODS[caller % METHODS.length]!, `/api/v1/res-${caller}/items/${i}?page=3`);
  });

/** Fields by their numbers in `envoy/service/auth/v3/attribute_context.proto`. */
function httpQuestion(principal: string, method: string, asked: string): Buffer {
  const headers = {
    ':authority': 'backend.shop.svc.cluster.local:8080',
    ':method': method,
    ':path': asked,
    ':scheme': 'https',
    accept: 'application/json, text/plain;q=0.9, */*;q=0.8',
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'warm-up/1.0',
    'x-forwarded-client-cert': `By=${DESTINATION};Hash=00;Subject="";URI=${principal}`,
    'x-forwarded-for': '10.42.7.19',
    'x-forwarded-proto': 'https',
    'x-request-id': '00000000-0000-4000-8000-000000000000',
    'x-tenant': 'tenant-1',
  };
  const lines = Object.entries(headers).map(([name, value]) =>
    bytesField(3, bytesField(1, name), bytesField(2, value)),
  );
  const named = [bytesField(4, asked), bytesField(5, headers[':authority']), bytesField(6, 'https')];
  const http = bytesField(2, bytesField(1, '1'), bytesField(2, method), ...lines, ...named, bytesField(10, 'HTTP/1.1'));
  const time = bytesField(1, varintField(1, 1), varintField(2, 1));
  const ends = [
    bytesField(1, peer(principal, '10.42.7.19', 41_234)),
    bytesField(2, peer(DESTINATION, '10.42.0.1', 8_080)),
  ];
  return bytesField(1, ...ends, bytesField(4, time, http));
}

function peer(principal: string, address: string, port: number): Buffer {
  const socketAddress = bytesField(1, bytesField(2, address), varintField(3, port));
  return Buffer.concat([bytesField(1, socketAddress), bytesField(4, principal)]);
}
