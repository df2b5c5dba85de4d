/**
 * One call to the authority: says who we are and what we hold, and hears it until it ends or falls silent.
 * @module
 */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import { asGatehouseError, type GatehouseError } from '../../errors.ts';
import {
  type FollowRequest,
  FollowRequestSchema,
  type FollowResponse,
  HoldingSchema,
  type Question,
  type ReportsWanted,
} from '../../gen/gatehouse/feed/v1/feed_pb.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { connectFeed, type FeedCredentials, feedError } from './feed-connection.ts';
import { answersTo, type Derive } from './feed-questions.ts';
import type { ReportOutbox } from './report-outbox.ts';

/** The authority speaks every second. */
export const SILENT_MS = 5_000;
const TELL_EVERY_MS = 1_000;
/** So much of what was said waits to be taken, and no more is said. */
const MOST_UNREAD_BYTES = 1024 * 1024;

export interface FeedCallDeps {
  readonly trustDomain: TrustDomain;
  /** The name that this decider keeps. */
  readonly decider: string;
  /** Takes a message; what it throws ends the call. */
  readonly take: (message: FollowResponse) => void;
  /** What we hold, now. */
  readonly holding: () => MessageInitShape<typeof HoldingSchema>;
  readonly outbox: ReportOutbox;
  readonly derive: Derive;
}

export interface FeedCall {
  /** Why it ended. */
  readonly ended: Promise<GatehouseError>;
  /** Says what we hold, now; nothing after the end. */
  tell(): void;
  cancel(): void;
}

/** Calls the authority at `address`. */
export function callFeed(address: string, who: FeedCredentials | undefined, deps: FeedCallDeps): FeedCall {
  const { trustDomain, decider, take, holding, outbox, derive } = deps;
  const ended = Promise.withResolvers<GatehouseError>();
  const connection = connectFeed(address, trustDomain, who);
  const call = connection.follow();
  let heardAt = performance.now();
  let over = false;
  const makeReports = outbox.begin();
  let wanted: ReportsWanted | undefined;
  const finish = (error: GatehouseError): void => {
    if (over) return;
    over = true;
    clearInterval(timer);
    call.cancel();
    connection[Symbol.dispose]();
    ended.resolve(error);
  };
  const send = (word: FollowRequest['word']): void => void call.write(create(FollowRequestSchema, { word }));
  const tell = (): void => {
    if (!over) send({ case: 'holding', value: create(HoldingSchema, holding()) });
  };
  /** An authority of before takes none; one that is slow to read gets the sums later. */
  const report = (): void => {
    if (over || wanted === undefined || call.writableLength > MOST_UNREAD_BYTES) return;
    for (const value of makeReports(wanted)) send({ case: 'report', value });
  };
  const answer = async (question: Question): Promise<void> => {
    for (const value of await answersTo(question, derive)) if (!over) send({ case: 'answer', value });
  };
  const timer = setInterval(() => {
    if (performance.now() - heardAt > SILENT_MS) finish(silent(address));
    else {
      tell();
      report();
    }
  }, TELL_EVERY_MS);
  call.on('data', (message: FollowResponse) => {
    heardAt = performance.now();
    try {
      take(message);
      wanted = message.reports;
      for (const question of message.questions) void answer(question);
      if (message.bundles !== undefined || message.revocations?.complete === true) tell();
    } catch (thrown) {
      finish(asGatehouseError(thrown));
    }
  });
  call.on('error', (error: ServiceError) => finish(feedError(error, address)));
  call.on('end', () => finish(feedError(null, address)));
  send({ case: 'hello', value: { $typeName: 'gatehouse.feed.v1.Hello', trustDomain, decider } });
  return { ended: ended.promise, tell, cancel: () => finish(feedError(null, address)) };
}

function silent(address: string): GatehouseError {
  return asGatehouseError(new Error(`the authority at ${address} was silent for ${SILENT_MS / 1000} s`));
}
