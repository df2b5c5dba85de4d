/**
 * Follow: a decider elsewhere hears everything at once, every change, and a sign of life each second.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import { GatehouseError } from '../../../errors.ts';
import {
  type FollowRequest,
  type FollowResponse,
  FollowResponseSchema,
  type Holding,
} from '../../../gen/gatehouse/feed/v1/feed_pb.ts';
import { createWakeup } from '../../../lib/wakeup.ts';
import type { BundleSet } from '../../../spiffe/bundle.ts';
import { deciderIdOf } from '../../../spiffe/own-ids.ts';
import type { CallContext } from '../../../transport/grpc-methods.ts';
import type { AckGrade } from '../../source/identity-source.ts';
import { consumerOf, followersName } from './consumer.ts';
import type { FeedDeps, FeedRevocations } from './feed-deps.ts';
import { bundlesMessage, revocationPieces } from './messages.ts';

/** A decider says what it holds every second. */
const SILENT_MS = 15_000;

/** @throws GatehouseError `not_entitled`, `message_invalid`, `trust_domain_invalid`: the stream ends */
export async function* follow(
  deps: FeedDeps,
  requests: AsyncIterable<FollowRequest>,
  { connection, signal }: CallContext,
): AsyncGenerator<FollowResponse> {
  const { source, revocations, followers, clock, ticks, observer } = deps;
  const proof = deps.deciderAt(connection);
  if (proof === undefined) throw notADecider;
  const words = requests[Symbol.asyncIterator]();
  const decider = await followersName(proof, await helloOf(words, source.trustDomain), deps.names);
  const consumer = `feed:${decider}`;
  const stream = {};
  const wakeup = createWakeup();
  const heard = { at: clock.now(), holding: undefined as Holding | undefined, over: false };
  const tell = (grade: AckGrade, sequence: number): void =>
    source.acknowledge({
      consumer,
      channel: 'feed',
      spiffeIds: [deciderIdOf(source.trustDomain)],
      sequence,
      grade,
      kinds: ['x509'],
    });
  let acknowledged = 0;
  const hear = (holding: Holding): void => {
    heard.at = clock.now();
    heard.holding = holding;
    followers.heard(stream, holding, heard.at);
    const sequence = Number(holding.bundleSequence);
    if (sequence <= acknowledged || sequence > source.bundles.value.own.sequence) return;
    acknowledged = sequence;
    tell('acknowledged', sequence);
  };
  followers.joined(stream, decider, heard.at);
  observer.streamOpened('feed');
  const subscriptions = [
    source.bundles.subscribe(wakeup.wake),
    source.renewals.subscribe(wakeup.wake),
    revocations.subscribe(wakeup.wake),
    ticks.subscribe(wakeup.wake),
  ];
  void listen(words, hear).finally(() => {
    heard.over = true;
    wakeup.wake();
  });
  const sent: { bundles?: BundleSet; revocations?: FeedRevocations } = {};
  try {
    while (!signal.aborted && !heard.over) {
      if (deps.deciderAt(connection) === undefined || deps.names.isThrownOut(decider)) throw notADecider; // meanwhile
      if (clock.now() - heard.at > SILENT_MS)
        throw new GatehouseError('unreachable', `the decider ${decider} was silent for ${SILENT_MS / 1000} s`);
      const [bundles, list] = [source.bundles.value, revocations.value];
      // An empty bundle says nothing: what the decider holds has expired there too.
      const isBundleNew = bundles !== sent.bundles && bundles.own.x509Authorities.length > 0;
      const news = messages(isBundleNew ? bundles : undefined, list === sent.revocations ? undefined : list);
      for (const message of news) yield withStanding(message, deps, heard.holding);
      if (isBundleNew) tell('sent', bundles.own.sequence);
      sent.bundles = bundles;
      sent.revocations = list;
      await wakeup.wait(signal);
    }
  } finally {
    for (const unsubscribe of subscriptions) unsubscribe();
    if (followers.left(stream, deps.names.isThrownOut(decider) ? undefined : clock.now())) source.forget(consumer);
    observer.streamClosed('feed');
  }
}

type Draft = Pick<FollowResponse, 'bundles' | 'revocations'>;

/** Revocations first: whoever hears only half of the news must refuse rather than trust. */
function messages(bundles: BundleSet | undefined, list: FeedRevocations | undefined): readonly Partial<Draft>[] {
  const drafts: Partial<Draft>[] =
    list === undefined ? [] : revocationPieces(list).map((revocations) => ({ revocations }));
  if (bundles !== undefined) drafts.push({ bundles: bundlesMessage(bundles) });
  return drafts.length === 0 ? [{}] : drafts;
}

function withStanding(draft: Partial<Draft>, deps: FeedDeps, holding: Holding | undefined): FollowResponse {
  const { source, clock } = deps;
  const svid = holding?.svid;
  const renew =
    svid !== undefined &&
    clock.now() >=
      source.renewAt({
        spiffeId: deciderIdOf(source.trustDomain),
        chain: [],
        privateKey: undefined,
        serial: svid.serial,
        authorityId: svid.authorityId,
        notBeforeAt: Number(svid.notBeforeAt),
        notAfterAt: Number(svid.notAfterAt),
      });
  return create(FollowResponseSchema, {
    trustDomain: source.trustDomain,
    storeAgeMs: BigInt(Math.max(0, Math.round(deps.storeAgeMs()))),
    renew,
    ...draft,
  });
}

async function helloOf(words: AsyncIterator<FollowRequest>, trustDomain: string): Promise<string> {
  const first = await words.next();
  const word = first.done === true ? undefined : first.value.word;
  if (word?.case !== 'hello') throw new GatehouseError('message_invalid', 'the first word must be hello');
  consumerOf(word.value.decider);
  if (word.value.trustDomain === trustDomain) return word.value.decider;
  const text = `this is the authority of ${trustDomain}, the decider is configured for ${word.value.trustDomain}`;
  throw new GatehouseError('trust_domain_invalid', text, { peerText: text });
}

/** Ends when the decider does; how it ended is the stream's own matter. */
async function listen(words: AsyncIterator<FollowRequest>, hear: (holding: Holding) => void): Promise<void> {
  try {
    for (let next = await words.next(); next.done !== true; next = await words.next()) {
      if (next.value.word.case === 'holding') hear(next.value.word.value);
    }
  } catch {
    // the connection broke
  }
}

const text = "only a decider may follow: with a decider's SVID, or over a unix socket as the server's own user or root";
const notADecider = new GatehouseError('not_entitled', text, { peerText: text });
