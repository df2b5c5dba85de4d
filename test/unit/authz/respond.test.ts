import assert from 'node:assert/strict';
import { fromBinary } from '@bufbuild/protobuf';
import { prepareAnswer } from '../../../src/authz/respond.ts';
import { CheckResponseSchema } from '../../../src/gen/envoy/service/auth/v3/external_auth_pb.ts';

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
});
