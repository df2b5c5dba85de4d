/**
 * gRPC clients of other languages that make the calls of a JSON file on a lane.
 * @module
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../support/child.ts';
import { cache, here, run, venvPython } from './clients.ts';

/** One entry of the file: so many calls at once, all the same but for their letter. */
export interface LaneCall {
  readonly path: string;
  /** Bytes of the message. */
  readonly size: number;
  readonly gzip: boolean;
  /** 0 is none. */
  readonly deadlineMs: number;
  readonly times: number;
  /** Metadata of its own. */
  readonly fields: number;
}

/** What became of an entry: of its calls the last that failed, or the first. */
export interface LaneOutcome {
  readonly code: number;
  readonly details: string;
  readonly size: number;
  /** Every reply was its request. */
  readonly same: boolean;
}

export interface LaneClient {
  readonly name: string;
  readonly build: () => void;
  readonly command: (calls: string, target: string) => readonly [string, readonly string[]];
}

const python = (kind: string, name: string): LaneClient => ({
  name,
  build: () => undefined, // one environment for all that is Python
  command: (calls, target) => [venvPython, [join(here, 'python/lane.py'), kind, calls, target]],
});

export const laneClients: readonly LaneClient[] = [
  {
    name: 'grpc-go',
    build: () => run('go', ['build', '-o', join(cache, 'go-lane'), './lane'], join(here, 'go')),
    command: (calls, target) => [join(cache, 'go-lane'), [calls, target]],
  },
  python('grpcio', 'grpcio (the C core)'),
  python('h2', "Python's h2"),
];

const h2spec = join(cache, 'h2spec');

/** Builds the conformance tester. */
export function buildH2spec(): void {
  run('go', ['build', '-o', h2spec, 'github.com/summerwind/h2spec/cmd/h2spec'], join(here, 'h2spec'));
}

/** Runs every case of h2spec; returns its whole report. */
export async function runH2spec(...args: readonly string[]): Promise<string> {
  const child = startChild(h2spec, ['--host', '127.0.0.1', '--timeout', '5', ...args]);
  await child.ended;
  return child.stdout() + child.stderr();
}

/** Makes `calls` with a client. @throws Error with what it said, if it fails */
export async function makeCalls(client: LaneClient, calls: readonly LaneCall[], file: string, target: string) {
  writeFileSync(file, JSON.stringify(calls));
  const child = startChild(...client.command(file, target));
  const how = await child.ended;
  if (how !== 0) throw new Error(`${client.name} ended with ${how}\n${child.stdout()}${child.stderr()}`);
  return JSON.parse(child.stdout()) as readonly LaneOutcome[]; // our own programs print it
}
