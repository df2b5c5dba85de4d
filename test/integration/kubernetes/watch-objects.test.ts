import assert from 'node:assert/strict';
import { kubernetesClient } from '../../../src/platform/kubernetes/client.ts';
import { eventually } from '../../support/eventually.ts';
import {
  type Asked,
  added,
  bookmark,
  deleted,
  type FakeApiServer,
  fakeApiServer,
  modified,
  object,
  status,
} from '../../support/kubernetes/fake-api-server.ts';
import { pods, quick, type RecordedWatch, recordWatch } from '../../support/kubernetes/recorded-watch.ts';

type Answer = (asked: Asked) => void;

const isStart = ({ query }: Asked): boolean => query.get('sendInitialEvents') === 'true';
const isWatch = ({ query }: Asked): boolean => query.get('watch') === '1';
/** What a resume after a failure asks first. */
const isProbe = ({ query }: Asked): boolean =>
  query.get('resourceVersionMatch') === 'NotOlderThan' && query.get('limit') === '1';
const gone = { type: 'ERROR', object: status(410, 'Expired', 'too old resource version: 5 (9)') };
const nothing = { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '5' }, items: [] };

/** Answers the n-th watch by the n-th of these, all further ones by the last; lists by `nothing`. */
function inTurn(...answers: readonly Answer[]): Answer {
  let turn = 0;
  return (asked) => {
    if (!isWatch(asked)) return asked.json(200, nothing);
    answers[Math.min(turn++, answers.length - 1)]!(asked);
  };
}

async function watched(
  answer: Answer,
  run: (watch: RecordedWatch, fake: FakeApiServer) => Promise<void>,
  silenceMs = 60_000,
): Promise<void> {
  await using fake = await fakeApiServer(answer);
  const client = await kubernetesClient(fake.kubeconfig({ token: 't' }), { silenceMs });
  try {
    using watch = recordWatch(client);
    await run(watch, fake);
  } finally {
    await client.close();
  }
}

const heard = ({ heard: all }: RecordedWatch, ...want: string[]) =>
  eventually(`heard ${want.join('; ')}`, () => (all.length >= want.length ? true : undefined)).then(() =>
    assert.deepEqual(all.slice(0, want.length), want),
  );
const followed = ({ states }: RecordedWatch) =>
  eventually('it is followed', () => (states.at(-1)?.why === '' ? true : undefined));

/** A start with these pods, and then this. */
const start =
  (names: readonly string[], version: string, then: Answer = () => undefined): Answer =>
  (asked) => {
    asked.events(...names.map((name) => added(name, version)), bookmark(version));
    then(asked);
  };

describe('watchObjects', () => {
  it('asks for all with sendInitialEvents, and tells the whole at its bookmark', () =>
    watched(
      (asked) =>
        asked.events(
          added('a', '1'),
          added('b', '2'),
          modified('a', '3'),
          added('c', '3'),
          deleted('c', '4'),
          bookmark('4'),
          added('d', '5'),
        ),
      async (watch, fake) => {
        await heard(watch, 'whole a,b', 'ADDED d');
        assert.equal(watch.held.get('a')?.metadata.resourceVersion, '3');
        const [{ query }] = fake.asked as [Asked];
        assert.equal(query.get('allowWatchBookmarks'), 'true');
        assert.equal(query.get('resourceVersionMatch'), 'NotOlderThan');
        assert.deepEqual(
          watch.states.map(({ isSynced, why }) => [isSynced, why]),
          [[true, '']],
        );
      },
    ));

  it('goes on from the last version that it heard of, a bookmark too, when the stream ends as it should', () =>
    watched(
      inTurn(
        start(['a'], '4', (asked) => {
          asked.events(modified('a', '6'), bookmark('9', false));
          asked.end();
        }),
        (asked) => asked.events(added('b', '10')),
      ),
      async (watch, fake) => {
        await heard(watch, 'whole a', 'MODIFIED a', 'ADDED b');
        const second = fake.asked.filter(isWatch)[1]!;
        assert.equal(second.query.get('resourceVersion'), '9');
        assert.equal(second.query.has('sendInitialEvents'), false);
        assert.ok(watch.states.every(({ why }) => why === ''));
      },
    ));

  for (const [name, refuse] of [
    ['in a 200', (asked: Asked) => asked.events(gone)],
    ['as HTTP', (asked: Asked) => asked.json(410, status(410, 'Gone'))],
  ] as const)
    it(`begins anew on a 410 ${name}, and keeps what it holds until the new whole is there`, () => {
      let release: (() => void) | undefined;
      return watched(
        inTurn(
          start(['a'], '4', (asked) => asked.end()),
          refuse,
          (asked) => {
            asked.events(added('b', '20'));
            release = () => asked.events(bookmark('20'));
          },
        ),
        async (watch, fake) => {
          await eventually('it begins anew', () => release);
          assert.deepEqual([...watch.held.keys()], ['a']);
          assert.match(watch.states.at(-1)!.why, /410/);
          release!();
          await heard(watch, 'whole a', 'whole b');
          await followed(watch);
          assert.ok(isStart(fake.asked.at(-1)!));
        },
      );
    });

  it('begins anew when its version lies in the future, which only a list says', () => {
    const future = status(504, 'Timeout', 'Too large resource version: 900, current: 12', {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    });
    let turn = 0;
    return watched(
      (asked) => {
        if (isProbe(asked)) return asked.json(504, future);
        if (turn++ === 0) return start(['a'], '900', () => asked.cut())(asked);
        start(['b'], '12')(asked);
      },
      async (watch) => {
        await heard(watch, 'whole a', 'whole b');
        await followed(watch);
      },
    );
  });

  it('opens a silent connection again', () =>
    watched(
      inTurn(start(['a'], '4'), (asked) => asked.events(added('b', '5'))),
      async (watch, fake) => {
        await heard(watch, 'whole a', 'ADDED b');
        assert.equal(fake.asked.filter(isWatch)[1]!.query.get('resourceVersion'), '4');
      },
      1_200,
    ));

  it('lists in pages where the server does not know sendInitialEvents, and says so or not', async () => {
    const pages: Answer = (asked) => {
      if (isWatch(asked)) return asked.events(added('c', '8'));
      const next = asked.query.get('continue');
      const item = { metadata: object(next === null ? 'a' : 'b', '6').metadata };
      asked.json(200, {
        kind: 'PodList',
        apiVersion: 'v1',
        metadata: { resourceVersion: '7', ...(next === null && { continue: 'more' }) },
        items: [item],
      });
    };
    const invalid = status(
      422,
      'Invalid',
      'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
    );
    for (const refuse of [
      (asked: Asked) => asked.json(422, invalid),
      (asked: Asked) => asked.events(added('z', '1'), bookmark('5', false)),
    ])
      await watched(
        (asked) => (isStart(asked) ? refuse(asked) : pages(asked)),
        async (watch, fake) => {
          await heard(watch, 'whole a,b', 'ADDED c');
          assert.equal(watch.held.get('a')?.kind, 'Pod'); // items of lists have none
          assert.equal(fake.asked.findLast(isWatch)?.query.get('resourceVersion'), '7');
        },
      );
  });

  it('begins the list anew when its version is dropped between two pages', () => {
    let lists = 0;
    return watched(
      (asked) => {
        if (isStart(asked)) return asked.json(422, status(422, 'Invalid'));
        if (isWatch(asked)) return asked.events();
        if (asked.query.has('continue')) return asked.json(410, status(410, 'Expired'));
        lists++;
        asked.json(200, {
          ...nothing,
          metadata: { resourceVersion: '7', ...(lists < 3 && { continue: 'x' }) },
          items: [object('a', '1')],
        });
      },
      (watch) => heard(watch, 'whole a'),
    );
  });

  for (const code of [401, 403, 429, 500, 503] as const)
    it(`holds what it has through ${code}s, says so, and catches up`, () => {
      let refusals = 0;
      return watched(
        (asked) => {
          if (watchedOnce && refusals++ < 4) return asked.json(code, status(code, 'Some', `no: ${code}`));
          if (isProbe(asked)) return asked.json(200, nothing);
          if (watchedOnce) return asked.events(added('b', '5'));
          watchedOnce = true;
          start(['a'], '4', () => asked.cut())(asked);
        },
        async (watch) => {
          await heard(watch, 'whole a', 'ADDED b');
          assert.deepEqual([...watch.held.keys()], ['a', 'b']);
          const behind = watch.states.filter(({ why }) => why !== '');
          assert.ok(behind.some((state) => state.code === code && state.isSynced && state.behindSinceMs !== undefined));
          assert.equal(new Set(behind.map(({ behindSinceMs }) => behindSinceMs)).size, 1); // since the first of them
          await followed(watch);
        },
      );
    });
  let watchedOnce = false;
  beforeEach(() => {
    watchedOnce = false;
  });

  it('waits as long as a 429 says', () => {
    const at: number[] = [];
    return watched(
      (asked) => {
        at.push(performance.now());
        if (at.length === 1) return asked.json(429, status(429, 'TooManyRequests'), { 'retry-after': '1' });
        start(['a'], '1')(asked);
      },
      async (watch) => {
        await heard(watch, 'whole a');
        assert.ok(at[1]! - at[0]! >= 990);
      },
    );
  });

  it('is followed again as soon as the server takes it up, not at the next bookmark', () =>
    watched(
      inTurn(
        start(['a'], '4', (asked) => asked.cut()),
        (asked) => asked.events(),
      ),
      async (watch) => {
        await eventually('a failure', () => watch.states.find(({ why }) => why !== ''));
        await followed(watch);
      },
    ));

  it('outlives a server that is away, and does not come in a storm', () =>
    watched(
      inTurn(start(['a'], '4'), (asked) => asked.events(added('b', '5'))),
      async (watch, fake) => {
        await heard(watch, 'whole a');
        await fake.down();
        await eventually('it says so', () => watch.states.find(({ why }) => why !== ''));
        assert.deepEqual([...watch.held.keys()], ['a']);
        await fake.up();
        await heard(watch, 'whole a', 'ADDED b');
        await followed(watch);
      },
    ));

  it('reads the whole anew after a line that is no event', () =>
    watched(
      inTurn(
        start(['a'], '4', (asked) => asked.events({ type: 'ADDED' })),
        start(['b'], '9'),
      ),
      (watch) => heard(watch, 'whole a', 'whole b'),
    ));

  it('does not take a start for whole that ended before its bookmark', () =>
    watched(
      inTurn(
        (asked) => {
          asked.events(added('a', '1'));
          asked.end();
        },
        start(['a', 'b'], '2'),
      ),
      (watch) => heard(watch, 'whole a,b'),
    ));

  it('calls nobody once it is ended', () =>
    watched(start(['a'], '4'), async (watch, fake) => {
      await heard(watch, 'whole a');
      watch[Symbol.dispose]();
      await fake.down();
      assert.deepEqual(
        watch.states.filter(({ why }) => why !== ''),
        [],
      );
    }));

  it('asks only for metadata, and by selectors, where that is wanted', async () => {
    await using fake = await fakeApiServer(start(['a'], '1'));
    const client = await kubernetesClient(fake.kubeconfig({ token: 't' }));
    using watch = recordWatch(
      client,
      { ...pods, namespace: 'shop', metadataOnly: true, fieldSelector: 'spec.nodeName=n1', labelSelector: 'app' },
      quick,
    );
    await heard(watch, 'whole a');
    const [{ path, query, headers }] = fake.asked as [Asked];
    assert.equal(path, '/api/v1/namespaces/shop/pods');
    assert.equal(query.get('fieldSelector'), 'spec.nodeName=n1');
    assert.equal(query.get('labelSelector'), 'app');
    assert.match(headers.accept ?? '', /as=PartialObjectMetadata;/);
    await client.close();
  });
});
