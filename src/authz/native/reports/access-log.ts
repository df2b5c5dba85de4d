/**
 * Envoy's access log service, v3: Envoys tell of the requests that they have decided themselves.
 * @module
 */
import { create } from '@bufbuild/protobuf';
import {
  AccessLogService,
  type StreamAccessLogsResponse,
  StreamAccessLogsResponseSchema,
} from '../../../gen/envoy/service/accesslog/v3/als_pb.ts';
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import { type CallContext, clientStreaming, type GrpcMethod } from '../../../transport/grpc-methods.ts';
import { type SaidOfWorkload, saidBy } from '../envoy-build.ts';
import type { CallerOf } from '../native-deps.ts';
import { type LogMessage, readLogMessage } from './log-message.ts';
import { type ReportedLine, reportedLine } from './reported-line.ts';

/** The Envoy at the other end of a stream. */
export interface Teller {
  /** Of the workload that it was attested to be of. */
  readonly spiffeId: SpiffeId;
  /** What it calls itself. */
  readonly node: string;
  readonly said: SaidOfWorkload;
}

/** Takes what Envoys tell. */
export interface ReportReceiver {
  /** Lines of one message, of the workload that the stream's identity is. */
  reported(teller: Teller, lines: readonly ReportedLine[]): void;
  /** Lines that name another workload than the stream's: they are not believed. */
  foreign(spiffeId: SpiffeId, node: string, named: string, count: number): void;
}

/** StreamAccessLogs. @param callerOf  who is at the other end, on the sockets where it is served */
export function accessLogMethods(receiver: ReportReceiver, callerOf: CallerOf): GrpcMethod[] {
  const { streamAccessLogs: stream } = AccessLogService.method;
  const take = (messages: AsyncIterable<LogMessage>, context: CallContext) =>
    takeLogs(receiver, callerOf, messages, context);
  return [clientStreaming(stream, readLogMessage, take)];
}

/** Each message is taken in whole before the next is read: who tells too fast waits. */
async function takeLogs(
  receiver: ReportReceiver,
  callerOf: CallerOf,
  messages: AsyncIterable<LogMessage>,
  context: CallContext,
): Promise<StreamAccessLogsResponse> {
  using caller = callerOf(context);
  let node = '';
  let said = saidBy(undefined);
  for await (const { node: sayer, entries } of messages) {
    if (sayer !== undefined) {
      node = sayer.id; // the first message has it
      said = saidBy(sayer);
    }
    const identities = await caller.identities();
    const lines = entries.flatMap((entry) => reportedLine(entry) ?? []);
    const own = identities.find((each) => each === node) ?? identities[0]!; // never empty
    const believed = lines.filter(({ shown }) => shown === '' || shown === own);
    if (believed.length > 0) receiver.reported({ spiffeId: own, node, said }, believed);
    const foreign = lines.find(({ shown }) => shown !== '' && shown !== own);
    if (foreign !== undefined) receiver.foreign(own, node, foreign.shown, lines.length - believed.length);
  }
  return create(StreamAccessLogsResponseSchema);
}
