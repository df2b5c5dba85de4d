/**
 * Proves, before a decider serves, that the Check path can say both yes and no.
 * @module
 */
import { GatehouseError } from '../errors.ts';
import { createWatchable } from '../lib/watchable.ts';
import { compileSnapshot } from '../policy/compile/compile-snapshot.ts';
import type { Expr, PolicyModel } from '../policy/model.ts';
import type { Snapshot } from '../policy/snapshot.ts';
import { type Check, type CheckOptions, createCheck } from './check.ts';
import { unguarded } from './question.ts';
import { CheckCounters } from './record/counters.ts';
import { DecisionRing } from './record/ring.ts';
import { type DecisionState, nothingKnown } from './state.ts';
import { bytesField, varintField } from './wire/writer.ts';

const position = { file: 'self-test', line: 1, column: 1 };
const CALLER = 'spiffe://self.test/ns/default/sa/caller';
const DESTINATION = 'spiffe://self.test/ns/default/sa/destination';

const isCaller: Expr = { op: 'text', fact: { of: 'peerName' }, any: [{ is: 'exact', value: CALLER }] };

/** One policy: the caller may GET. */
const model: PolicyModel = {
  generation: 0,
  absence: 'upstream',
  planes: [
    {
      id: 'istio',
      mode: 'enforce',
      stages: [
        {
          kind: 'any-allow',
          name: 'ALLOW',
          policies: [
            {
              ref: { dialect: 'istio', kind: 'AuthorizationPolicy', namespace: 'default', name: 'self-test' },
              position,
              owner: '',
              mode: 'enforce',
              subject: { namespace: 'default', labels: [] },
              rules: [
                {
                  index: 0,
                  position,
                  effect: 'allow',
                  http: {
                    op: 'all',
                    of: [isCaller, { op: 'text', fact: { of: 'method' }, any: [{ is: 'exact', value: 'GET' }] }],
                  },
                  tcp: undefined,
                },
              ],
            },
          ],
        },
      ],
    },
  ],
};

/**
 * Asks the whole way from bytes to bytes: under a policy of its own, one request that is allowed and one that is denied; under the
 * snapshot that is to come into force, an empty request, which every snapshot denies.
 *
 * @throws GatehouseError `internal` naming the answer that was missed; the snapshot must not come into force
 */
export function selfTest(snapshot: Snapshot, options: CheckOptions): void {
  const own = checkUnder(compileSnapshot(model, { allowEmpty: false }), unguarded);
  expect(own(question('GET'), { local: true }), 'allow', bytesField(1));
  expect(own(question('POST'), { local: true }), 'deny', denied);
  expect(checkUnder(snapshot, options)(new Uint8Array(0), { local: true }), 'deny', denied);
}

/** Status 7, PERMISSION_DENIED; a status without a code is an allow. */
const denied = bytesField(1, varintField(1, 7));

function checkUnder(snapshot: Snapshot, options: CheckOptions): Check {
  return createCheck({
    state: createWatchable<DecisionState | undefined>({ snapshot, ...nothingKnown }),
    options,
    verifyTokens: () => {
      throw new GatehouseError('internal', 'the self-test has no tokens');
    },
    ring: new DecisionRing({ size: 2 }),
    counters: new CheckCounters(),
    clock: { now: () => 0 },
  });
}

/** A CheckRequest: caller, destination, method. */
function question(method: string): Buffer {
  const peer = (principal: string): Buffer => bytesField(4, principal);
  const http = bytesField(2, bytesField(2, method), bytesField(4, '/'), bytesField(5, 'self.test'));
  return bytesField(1, bytesField(1, peer(CALLER)), bytesField(2, peer(DESTINATION)), bytesField(4, http));
}

/** An answer begins with its status. */
function expect(answer: Uint8Array, wanted: 'allow' | 'deny', status: Buffer): void {
  if (Buffer.compare(answer.subarray(0, status.length), status) !== 0) {
    throw new GatehouseError('internal', `the start-up self-test did not get its ${wanted}`, { wanted });
  }
}
