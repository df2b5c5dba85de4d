import assert from 'node:assert/strict';
import { createConsumers } from '../../../../src/identity/delivery/consumers.ts';
import type { Acknowledgement, IdentitySource, X509Request } from '../../../../src/identity/source/identity-source.ts';
import type { X509Svid } from '../../../../src/spiffe/svid.ts';
import type { Connection } from '../../../../src/transport/listen/connections.ts';
import { entry, unixAddress } from '../../../support/workload-endpoint.ts';

const connection = (token: string): Connection => ({
  token,
  listener: unixAddress('/s'),
  credentials: undefined,
  remote: undefined,
  peerCertificate: undefined,
});
const a = entry('spiffe://cluster.local/a', ['unix:uid:1']);

function book() {
  const heard: Acknowledgement[] = [];
  const forgotten: string[] = [];
  let issued = 0;
  let now = 0;
  const source = {
    acknowledge: (word: Acknowledgement) => void heard.push(word),
    forget: (consumer: string) => void forgotten.push(consumer),
    issueX509: async () => {
      issued += 1;
      return { serial: String(issued), notBeforeAt: 0, notAfterAt: now + 100 } as X509Svid; // nobody here reads more
    },
    renewAt: (svid: X509Svid) => svid.notAfterAt - 50,
  } as unknown as IdentitySource; // likewise
  const consumers = createConsumers({ source, clock: { now: () => now } });
  return { heard, forgotten, consumers, issued: () => issued, advance: (ms: number) => (now += ms) };
}
const word = (sequence: number, grade: Acknowledgement['grade']) =>
  ({ spiffeIds: [a.spiffeId], sequence, grade, kinds: ['x509'] }) as const;
const request = (consumer: string) =>
  ({ entitlement: a, selectors: ['unix:uid:1'], channel: 'sds', consumer }) as const;

describe('createConsumers', () => {
  it('passes on the weakest word of the streams of one connection', () => {
    const { heard, consumers } = book();
    const one = consumers.open(connection('c1'), 'sds');
    const two = consumers.open(connection('c1'), 'sds');
    assert.equal(one.consumer, two.consumer);
    one.tell(word(1, 'acknowledged'));
    two.tell(word(1, 'sent'));
    two.tell(word(2, 'acknowledged'));
    one.tell(word(2, 'acknowledged'));
    one.tell(word(3, 'acknowledged'));
    two.tell(word(3, 'refused'));
    assert.deepEqual(
      heard.map(({ sequence, grade }) => `${sequence} ${grade}`),
      ['1 acknowledged', '1 sent', '1 acknowledged', '2 acknowledged', '2 acknowledged', '3 refused'],
    );
    assert.deepEqual(new Set(heard.map(({ consumer }) => consumer)), new Set(['sds:c1']));
  });

  it('keeps what is said of JWT keys apart', () => {
    const { heard, forgotten, consumers } = book();
    const one = consumers.open(connection('c1'), 'workload-api');
    const two = consumers.open(connection('c1'), 'workload-api');
    one.tell(word(1, 'sent'));
    two.tell({ ...word(2, 'sent'), kinds: ['jwt'] });
    assert.deepEqual(
      heard.map(({ consumer, sequence, kinds }) => [consumer, sequence, kinds]),
      [
        ['workload-api:c1', 1, ['x509']],
        ['workload-api:c1/jwt', 2, ['jwt']],
      ],
    );
    two[Symbol.dispose]();
    assert.deepEqual(forgotten, ['workload-api:c1/jwt'], 'who takes no keys any more is not waited for');
    one[Symbol.dispose]();
    assert.deepEqual(forgotten, ['workload-api:c1/jwt', 'workload-api:c1']);
  });

  it('says of who takes certificates and no bundle that he is there, until one of his streams has a bundle', () => {
    const { heard, consumers } = book();
    const [certificate, roots] = [consumers.open(connection('c1'), 'sds'), consumers.open(connection('c1'), 'sds')];
    certificate.present([a.spiffeId]);
    roots.tell(word(1, 'sent'));
    certificate.present([a.spiffeId]);
    roots.tell(word(1, 'acknowledged'));
    assert.deepEqual(
      heard.map(({ sequence, grade }) => `${sequence} ${grade}`),
      ['0 sent', '1 sent', '1 acknowledged'],
    );
  });

  it('forgets a consumer with its last stream', () => {
    const { forgotten, consumers } = book();
    const one = consumers.open(connection('c1'), 'sds');
    const two = consumers.open(connection('c1'), 'sds');
    const other = consumers.open(connection('c2'), 'sds');
    one[Symbol.dispose]();
    assert.deepEqual(forgotten, []);
    two[Symbol.dispose]();
    assert.deepEqual(forgotten, ['sds:c1']);
    other[Symbol.dispose]();
    assert.deepEqual(forgotten, ['sds:c1', 'sds:c2']);
  });

  it('signs once for all streams of a connection until a renewal is due, and once for each connection', async () => {
    const { consumers, issued, advance } = book();
    const one = consumers.open(connection('c1'), 'sds');
    const two = consumers.open(connection('c1'), 'sds');
    const [first, second] = await Promise.all([one.svids.get(request('c1')), two.svids.get(request('c1'))]);
    assert.equal(first, second);
    advance(49);
    assert.equal(await two.svids.get(request('c1')), first);
    advance(1);
    assert.notEqual(await two.svids.get(request('c1')), first);
    assert.equal(issued(), 2);
    await consumers.open(connection('c2'), 'sds').svids.get(request('c2'));
    assert.equal(issued(), 3);
  });

  it('gives up what is being signed only when all streams that wait for it have gone, and begins anew after that', async () => {
    const asked: AbortSignal[] = [];
    const source = {
      issueX509: ({ signal }: X509Request) => {
        asked.push(signal!);
        return new Promise((_, reject) => signal!.addEventListener('abort', () => reject(new Error('given up'))));
      },
      renewAt: () => 0,
    } as unknown as IdentitySource; // nobody here uses more
    const consumers = createConsumers({ source, clock: { now: () => 0 } });
    const [left, right] = [new AbortController(), new AbortController()];
    const waiting = [left, right].map(({ signal }) =>
      assert.rejects(consumers.open(connection('c1'), 'sds', signal).svids.get(request('c1')), /given up/),
    );
    left.abort();
    assert.deepEqual(
      asked.map((each) => each.aborted),
      [false],
    );
    right.abort();
    assert.deepEqual(
      asked.map((each) => each.aborted),
      [true],
    );
    await Promise.all(waiting);
    const later = new AbortController();
    const again = assert.rejects(consumers.open(connection('c1'), 'sds', later.signal).svids.get(request('c1')));
    assert.deepEqual(
      asked.map((each) => each.aborted),
      [true, false],
    );
    later.abort();
    await again;
  });
});
