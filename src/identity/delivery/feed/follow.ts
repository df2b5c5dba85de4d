/**
 * Follow: a decider elsewhere hears everything at once, every change, and a sign of life each second.
 * @module
 */
import { setTimeout as pause } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { GatehouseError } from '../../../errors.ts';
import {
  type FollowRequest,
  type FollowResponse,
  FollowResponseSchema,
  type Holding,
  type Report,
  ReportsWantedSchema,
} from '../../../gen/gatehouse/feed/v1/feed_pb.ts';
import { createWakeup } from '../../../lib/wakeup.ts';
import type { BundleSet } from '../../../spiffe/bundle.ts';
import { deciderIdOf } from '../../../spiffe/own-ids.ts';
import type { CallContext } from '../../../transport/grpc-methods.ts';
import type { AckGrade } from '../../source/identity-source.ts';
import { consumerOf, followersName } from './consumer.ts';
import type { ReportingStream } from './decider-reports.ts';
import type { FeedDeps, FeedRevocations } from './feed-deps.ts';
import { bundlesMessage, revocationPieces } from './messages.ts';
import { createReportPace } from './report-pace.ts';

/** A decider says what it holds every second. */
const SILENT_MS = 15_000;
/** Certificates of a report that are looked at. */
const MOST_REFUSED = 16;

/** What has come of a stream. */
interface Heard {
  at: number;
  holding: Holding | undefined;
  over: boolean;
  /** What it said that makes no sense. */
  broken: GatehouseError | undefined;
}

/** Only a name that its certificate was enrolled under has reports: they must not be under two names. */
const isProven = (decider: string): boolean => !decider.startsWith('serial:');

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
  const heard: Heard = { at: clock.now(), holding: undefined, over: false, broken: undefined };
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
  const reporting = isProven(decider) ? deps.reports.joined(decider, wakeup.wake) : undefined;
  observer.streamOpened('feed');
  const subscriptions = [
    source.bundles.subscribe(wakeup.wake),
    source.renewals.subscribe(wakeup.wake),
    revocations.subscribe(wakeup.wake),
    ticks.subscribe(wakeup.wake),
  ];
  void listen(words, listenersOf(deps, decider, reporting, hear), signal).then((broken) => {
    heard.broken = broken;
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
      for (const message of news) yield withStanding(message, deps, heard.holding, reporting);
      if (isBundleNew) tell('sent', bundles.own.sequence);
      sent.bundles = bundles;
      sent.revocations = list;
      await wakeup.wait(signal);
    }
    if (heard.broken !== undefined) throw heard.broken;
  } finally {
    reporting?.left();
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

function withStanding(
  draft: Partial<Draft>,
  deps: FeedDeps,
  holding: Holding | undefined,
  reporting: ReportingStream | undefined,
): FollowResponse {
  const { source, clock } = deps;
  const svid = holding?.svid;
  const wanted = reporting?.wanted();
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
    ...(wanted && { reports: create(ReportsWantedSchema, wanted) }),
    questions: reporting?.newQuestions() ?? [],
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

/** Each takes one kind of word; `report` answers how many milliseconds the next word has to wait. */
interface Listeners {
  holding(holding: Holding): void;
  report(report: Report): number;
  answer: ReportingStream['answer'];
}

function listenersOf(
  deps: FeedDeps,
  decider: string,
  reporting: ReportingStream | undefined,
  holding: Listeners['holding'],
): Listeners {
  const pace = createReportPace(() => deps.clock.now());
  return {
    holding,
    report(report) {
      if (reporting === undefined) return pace(report);
      reporting.report(report, deps.clock.now());
      for (const certificate of report.refused.slice(0, MOST_REFUSED)) deps.refusedAt(decider, certificate);
      return pace(report);
    },
    answer: (answer) => reporting?.answer(answer),
  };
}

/** Ends when the decider does, with what it said that makes no sense; how else it ended is the stream's own matter. */
async function listen(
  words: AsyncIterator<FollowRequest>,
  to: Listeners,
  signal: AbortSignal,
): Promise<GatehouseError | undefined> {
  try {
    for (let next = await words.next(); next.done !== true; next = await words.next()) {
      const { word } = next.value;
      if (word.case === 'holding') to.holding(word.value);
      else if (word.case === 'answer') to.answer(word.value);
      else if (word.case === 'report') {
        const waitMs = to.report(word.value);
        if (waitMs > 0) await pause(waitMs, undefined, { signal });
      }
    }
  } catch (thrown) {
    // Else the connection broke.
    return thrown instanceof GatehouseError && thrown.code === 'message_invalid' ? thrown : undefined;
  }
  return undefined;
}

const text = "only a decider may follow: with a decider's SVID, or over a unix socket as the server's own user or root";
const notADecider = new GatehouseError('not_entitled', text, { peerText: text });
