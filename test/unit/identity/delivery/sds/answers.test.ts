import assert from 'node:assert/strict';
import type { CallerState, CallerWatch } from '../../../../../src/identity/delivery/caller-watch.ts';
import { createConsumers } from '../../../../../src/identity/delivery/consumers.ts';
import type { DeliveryDeps } from '../../../../../src/identity/delivery/delivery-deps.ts';
import { createAnswers } from '../../../../../src/identity/delivery/sds/answers.ts';
import type { NamedSecret } from '../../../../../src/identity/delivery/sds/secrets.ts';
import type { Acknowledgement, IdentitySource } from '../../../../../src/identity/source/identity-source.ts';
import type { Connection } from '../../../../../src/transport/listen/connections.ts';
import { entry, unixAddress } from '../../../../support/workload-endpoint.ts';

const a = entry('spiffe://cluster.local/a', ['unix:uid:1']);
const connection: Connection = {
  ...{ token: 'c1', listener: unixAddress('/s'), credentials: undefined, remote: undefined },
  peerCertificate: undefined,
};
const secret = (kind: 'certificate' | 'roots'): NamedSecret => ({
  ...{
    name: kind,
    version: '1',
    holdsOwnBundle: kind === 'roots',
    isWithheld: false,
    holdsCertificate: kind === 'certificate',
  },
  resource: () => assert.fail('nothing is sent here'),
});

/** One Envoy: a stream for its certificate and one for its roots, on one connection. */
function envoy() {
  const heard: Acknowledgement[] = [];
  const source = {
    acknowledge: (word: Acknowledgement) => void heard.push(word),
    forget: () => undefined,
  } as unknown as IdentitySource; // nobody here asks for more
  const consumers = createConsumers({ source, clock: { now: () => 0 } });
  const deps = { observer: { refusedByConsumer: () => undefined } } as unknown as DeliveryDeps; // likewise
  const state = (sequence: number) => ({ entries: [a], bundles: { own: { sequence } } }) as unknown as CallerState; // likewise
  const stream = (kind: 'certificate' | 'roots') => {
    const answers = createAnswers(deps, { stream: consumers.open(connection, 'sds') } as unknown as CallerWatch); // likewise
    return {
      /** Sends, and gives what answers it. */
      send(sequence: number): (says: 'ack' | 'nack') => void {
        const { nonce } = answers.next([secret(kind)], state(sequence));
        answers.sent();
        return (says) =>
          void answers.heard({ responseNonce: nonce, ...(says === 'nack' && { errorDetail: { message: 'no' } }) });
      },
    };
  };
  return {
    certificate: stream('certificate'),
    roots: stream('roots'),
    renewed: () => heard.filter(({ grade }) => grade === 'renewed').map(({ sequence }) => sequence),
  };
}

describe('what Envoy says by SDS', () => {
  it('is worth more once it has taken a certificate that was made after it acknowledged the roots', () => {
    const { certificate, roots, renewed } = envoy();
    const [first, bundle] = [certificate.send(1), roots.send(1)];
    bundle('ack');
    first('ack');
    assert.deepEqual(renewed(), [], 'the first certificate was there before');
    certificate.send(1)('ack');
    assert.deepEqual(renewed(), [1]);
  });

  it('is not worth more by a certificate that it refuses, or does not answer', () => {
    const { certificate, roots, renewed } = envoy();
    roots.send(1)('ack');
    certificate.send(1)('nack');
    certificate.send(1);
    assert.deepEqual(renewed(), []);
  });

  it('is worth nothing more while newer roots are on their way or refused', () => {
    const { certificate, roots, renewed } = envoy();
    roots.send(1)('ack');
    const newer = roots.send(2);
    certificate.send(2)('ack');
    newer('nack');
    certificate.send(2)('ack');
    assert.deepEqual(renewed(), []);
    roots.send(3)('ack');
    certificate.send(3)('ack');
    assert.deepEqual(renewed(), [3]);
  });
});
