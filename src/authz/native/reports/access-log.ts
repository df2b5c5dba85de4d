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
import type { CallerOf } from '../native-deps.ts';
import { type LogMessage, readLogMessage } from './log-message.ts';
import { type ReportedLine, reportedLine } from './reported-line.ts';

/** Takes what Envoys tell. */
export interface ReportReceiver {
  /** Lines of one message, of the workload that the stream's identity is. */
  reported(spiffeId: SpiffeId, node: string, lines: readonly ReportedLine[]): void;
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
  for await (const message of messages) {
    node = message.node ?? node;
    const identities = await caller.identities();
    const lines = message.entries.flatMap((entry) => reportedLine(entry) ?? []);
    const own = identities.find((each) => each === node) ?? identities[0]!; // never empty
    const believed = lines.filter(({ shown }) => shown === '' || shown === own);
    if (believed.length > 0) receiver.reported(own, node, believed);
    const foreign = lines.find(({ shown }) => shown !== '' && shown !== own);
    if (foreign !== undefined) receiver.foreign(own, node, foreign.shown, lines.length - believed.length);
  }
  return create(StreamAccessLogsResponseSchema);
}
