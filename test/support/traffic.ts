/**
 * Traffic that does not stop: requests one after the other by HTTP/1.1 and HTTP/2, and streams that stay open, all counted.
 * @module
 */
import { Agent, request as request1 } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pair } from './rotation-mesh.ts';

export interface Failure {
  readonly at: number;
  readonly caller: string;
  readonly callee: string;
  readonly what: string;
}

export interface Traffic {
  readonly answered: number;
  /** Lines that came on streams. */
  readonly lines: number;
  readonly failures: readonly Failure[];
  /** Resolves when so many requests more have been answered. */
  more(requests: number): Promise<void>;
  /** Ends all of it; a stream that was cut before counts as a failure. */
  stop(): Promise<void>;
}

const PAUSE_MS = 10;
const MOST_KEPT = 1_000;

/** What failed, short enough to compare and to read: one line a pair and kind. */
export function summaryOf(failures: readonly Failure[]): string[] {
  const counts = new Map<string, number>();
  for (const { caller, callee, what } of failures) {
    const line = `${caller} -> ${callee}: ${what}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts].slice(0, 10).map(([line, count]) => `${line} (${count} times)`);
}

/** Starts for each pair: a loop of requests by HTTP/1.1, one by HTTP/2, and a stream by each. */
export function startTraffic(pairs: readonly Pair[]): Traffic {
  const failures: Failure[] = [];
  const waiting: { at: number; resolve: () => void }[] = [];
  let answered = 0;
  let lines = 0;
  let stopping = false;
  const fail = ({ caller, callee }: Pair, what: string): void =>
    void (failures.length < MOST_KEPT && failures.push({ at: Date.now(), caller, callee, what }));
  const count = (): void => {
    answered += 1;
    for (const each of waiting.splice(0)) {
      if (answered >= each.at) each.resolve();
      else waiting.push(each);
    }
  };
  const ends: (() => void)[] = [];

  const loop = async (pair: Pair, ask: () => Promise<number>, version: string): Promise<void> => {
    while (!stopping) {
      try {
        const status = await ask();
        if (status === 200) count();
        else fail(pair, `${version}: ${status}`);
      } catch (thrown) {
        fail(pair, `${version}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      }
      await delay(PAUSE_MS);
    }
  };

  const agents: Agent[] = [];
  const sessions: ClientHttp2Session[] = [];
  const running = pairs.flatMap((pair) => {
    const agent = new Agent({ keepAlive: true });
    agents.push(agent);
    const session = connect(`http://127.0.0.1:${pair.port}`);
    session.on('error', (error) => fail(pair, `HTTP/2 session: ${error.message}`));
    sessions.push(session);

    const stream1 = request1({ port: pair.port, host: '127.0.0.1', path: '/stream', agent: false }, (response) => {
      if (response.statusCode !== 200) fail(pair, `stream HTTP/1.1: ${response.statusCode}`);
      response.on('data', () => {
        lines += 1;
      });
      response.on('close', () => stopping || fail(pair, 'stream HTTP/1.1 was cut'));
    });
    stream1.on('error', (error) => stopping || fail(pair, `stream HTTP/1.1: ${error.message}`));
    stream1.end();
    const stream2 = session.request({ ':path': '/stream' });
    stream2.on(
      'response',
      (headers) => headers[':status'] === 200 || fail(pair, `stream HTTP/2: ${headers[':status']}`),
    );
    stream2.on('data', () => {
      lines += 1;
    });
    stream2.on('error', () => undefined);
    stream2.on('close', () => stopping || fail(pair, 'stream HTTP/2 was cut'));
    ends.push(() => {
      stream1.destroy();
      stream2.close();
    });
    return [loop(pair, () => ask1(pair, agent), 'HTTP/1.1'), loop(pair, () => ask2(session), 'HTTP/2')];
  });

  return {
    get answered() {
      return answered;
    },
    get lines() {
      return lines;
    },
    failures,
    more: (requests) => new Promise((resolve) => waiting.push({ at: answered + requests, resolve })),
    async stop() {
      stopping = true;
      await Promise.all(running);
      for (const end of ends) end();
      for (const session of sessions) session.destroy();
      for (const agent of agents) agent.destroy();
    },
  };
}

function ask1({ port }: Pair, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    request1({ port, host: '127.0.0.1', path: '/', agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

function ask2(session: ClientHttp2Session): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/' });
    let status = 0;
    stream.on('response', (headers) => {
      status = Number(headers[':status'] ?? 0);
    });
    stream.on('end', () => resolve(status));
    stream.on('error', reject);
    stream.resume();
  });
}
