import assert from 'node:assert/strict';
import { fromBinary } from '@bufbuild/protobuf';
import { type AnswerContext, prepareAnswer } from '../../../../src/authz/answer/respond.ts';
import type { TokenRejected } from '../../../../src/authz/jwt/token-outcome.ts';
import { CheckResponseSchema } from '../../../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';

describe('prepareAnswer', () => {
  it('lets a second value of one header stand beside the first, which replaces what the client sent', () => {
    const { bytes } = prepareAnswer({
      decision: {
        effect: 'allow',
        reason: 'rule_allowed',
        plane: 'istio',
        stage: undefined,
        owner: undefined,
        policy: undefined,
        rule: undefined,
        dryRun: undefined,
        audit: undefined,
      },
      destination: undefined,
      snapshot: 1,
      rejected: undefined,
      effects: {
        headersToSet: [
          ['x-user', 'ann'],
          ['x-user', 'bob'],
          ['x-team', 'a'],
        ],
        headersToRemove: ['x-user', 'x-role'],
        queryParametersToRemove: [],
        pathAfter: undefined,
      },
      decisionHeader: false,
    });
    const { httpResponse } = fromBinary(CheckResponseSchema, bytes);
    assert.ok(httpResponse.case === 'okResponse');
    assert.deepEqual(
      httpResponse.value.headers.map(({ header, append }) => [header?.key, header?.value, append ?? false]),
      [
        ['x-user', 'ann', false],
        ['x-user', 'bob', true],
        ['x-team', 'a', false],
      ],
    );
    assert.deepEqual(httpResponse.value.headersToRemove, ['x-role']);
  });

  const decision = {
    effect: 'allow',
    reason: 'rule_allowed',
    plane: 'istio',
    stage: undefined,
    owner: undefined,
    policy: undefined,
    rule: undefined,
    dryRun: undefined,
    audit: undefined,
  } as const;
  const context: AnswerContext = {
    decision,
    destination: undefined,
    snapshot: 1,
    rejected: undefined,
    effects: undefined,
    decisionHeader: false,
  };

  const values: readonly { readonly name: string; readonly bytes: Buffer; readonly want: string | undefined }[] = [
    { name: 'ASCII', bytes: Buffer.from('ann'), want: 'ann' },
    { name: 'UTF-8', bytes: Buffer.from('Zoë 日本 🦊'), want: 'Zoë 日本 🦊' },
    { name: 'nothing', bytes: Buffer.from(''), want: '' },
    { name: 'latin1', bytes: Buffer.from('Zoë', 'latin1'), want: undefined },
    { name: 'half a character', bytes: Buffer.from('Zoë').subarray(0, 3), want: undefined },
    { name: 'a line break', bytes: Buffer.from('a\r\nx-admin: true'), want: undefined },
    { name: 'NUL', bytes: Buffer.from('a\0'), want: undefined },
    { name: 'DEL beside UTF-8', bytes: Buffer.from('ë\x7f'), want: undefined },
  ];
  for (const { name, bytes, want } of values) {
    it(`${want === undefined ? 'refuses' : 'writes'} a header of ${name}, never as raw_value, which Envoy takes for empty`, () => {
      const headersToSet = [['x-user', bytes.toString('latin1')]] as const;
      const effects = { headersToSet, headersToRemove: ['x-user'], queryParametersToRemove: [], pathAfter: undefined };
      const { httpResponse } = fromBinary(CheckResponseSchema, prepareAnswer({ ...context, effects }).bytes);
      assert.ok(httpResponse.case === 'okResponse');
      assert.deepEqual(
        httpResponse.value.headers.map(({ header }) => [header?.value, header?.rawValue.length]),
        want === undefined ? [] : [[want, 0]],
      );
      assert.deepEqual(httpResponse.value.headersToRemove, want === undefined ? ['x-user'] : []);
    });
  }

  it('tells a refused client in ASCII where the refused path was', () => {
    const realm = Buffer.from('Bearer realm="http://a/é\xff\r\n"', 'latin1').toString('latin1');
    const rejected: TokenRejected = {
      outcome: 'rejected',
      status: 401,
      body: 'Jwt is missing',
      wwwAuthenticate: realm,
      details: '',
      unknownKid: undefined,
    };
    const refused = {
      ...context,
      decision: { ...decision, effect: 'deny', reason: 'token_invalid' } as const,
      rejected,
    };
    const { httpResponse } = fromBinary(CheckResponseSchema, prepareAnswer(refused).bytes);
    assert.ok(httpResponse.case === 'deniedResponse');
    const [option] = httpResponse.value.headers;
    assert.equal(option?.header?.value, 'Bearer realm="http://a/%E9%FF%0D%0A"');
    assert.equal(option.header.rawValue.length, 0);
  });
});
