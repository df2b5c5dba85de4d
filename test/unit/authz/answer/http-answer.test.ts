import assert from 'node:assert/strict';
import { httpAnswers } from '../../../../src/authz/answer/http-answer.ts';
import type { AnswerContext } from '../../../../src/authz/answer/respond.ts';
import type { TokenRejected } from '../../../../src/authz/jwt/token-outcome.ts';
import { decision, type Reason } from '../../../../src/policy/decision.ts';

const id = Buffer.from('0123456789abcdefghijkl');
const answer = (context: Partial<AnswerContext>) => {
  const whole: AnswerContext = {
    ...{ decision: decision('istio', 'allow', 'rule_allowed'), destination: undefined, snapshot: 1 },
    ...{ rejected: undefined, effects: undefined, decisionHeader: false, ...context },
  };
  const { status, headers, body } = httpAnswers.withId(httpAnswers.prepare(whole), id);
  const pairs = headers.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), headers[i + 1]!] as const] : []));
  return { status, body, pairs, headers: new Map(pairs) };
};

describe('answers over HTTP', () => {
  it('have every header that a token rule writes or removes in each 200, empty where it has no value', () => {
    const { status, pairs } = answer({
      effects: {
        headersToSet: [
          ['x-user', 'ann'],
          ['x-user', 'bob'],
          ['x-odd', 'a\nb'],
        ],
        headersToRemove: ['x-user', 'x-role', 'x-odd'],
        queryParametersToRemove: [],
        pathAfter: undefined,
      },
    });
    assert.equal(status, 200);
    assert.deepEqual(
      pairs.filter(([name]) => /^x-(user|role|odd|envoy)/.test(name)),
      [
        ['x-user', 'ann'],
        ['x-user', 'bob'],
        ['x-role', ''],
        ['x-odd', ''],
        ['x-envoy-auth-headers-to-remove', 'x-role,x-odd'],
      ],
    );
  });

  const denials: readonly { reason: Reason; body: string; told: string }[] = [
    { reason: 'rule_denied', body: 'RBAC: access denied', told: '' },
    { reason: 'internal_error', body: 'no decision', told: 'internal_error' },
    { reason: 'not_ready', body: 'no decision', told: 'not_ready' },
    { reason: 'malformed_request', body: 'RBAC: access denied', told: 'malformed_request' },
    { reason: 'revoked', body: 'RBAC: access denied', told: 'revoked' },
    { reason: 'peer_not_verified', body: 'RBAC: access denied', told: 'peer_not_verified' },
    { reason: 'foreign_trust_domain', body: 'RBAC: access denied', told: '' },
  ];
  for (const { reason, body, told } of denials)
    it(`${reason}: 403`, () => {
      const made = answer({ decision: decision(undefined, 'deny', reason) });
      assert.deepEqual([made.status, made.body, made.headers.get('x-gatehouse-reason') ?? ''], [403, body, told]);
      assert.equal(made.headers.get('content-length'), String(body.length));
      assert.equal(made.headers.get('cache-control'), 'no-store');
      assert.equal(made.headers.get('x-gatehouse-id'), id.toString());
    });

  it('refuse a token as jwt_authn does', () => {
    const rejected: TokenRejected = {
      outcome: 'rejected',
      status: 401,
      body: 'Jwt is expired',
      details: '',
      wwwAuthenticate: 'Bearer realm="https://a/\x7f", error="invalid_token"',
      unknownKid: undefined,
    };
    const made = answer({ decision: decision('istio', 'deny', 'token_invalid'), rejected });
    assert.deepEqual([made.status, made.body], [401, 'Jwt is expired']);
    assert.equal(made.headers.get('www-authenticate'), 'Bearer realm="https://a/%7F", error="invalid_token"');
  });

  it('name the decision in a header of its own where they are told to, with names that a header can have', () => {
    const ref = { dialect: 'istio', kind: 'AuthorizationPolicy', namespace: 'default', name: 'ü\n' } as const;
    const made = answer({ decision: decision('istio', 'allow', 'rule_allowed', ref, 0), decisionHeader: true });
    assert.equal(
      made.headers.get('x-gatehouse-decision'),
      `allow; reason=rule_allowed; policy=default/%FC%0A; rule=0; id=${id.toString()}`,
    );
  });
});
