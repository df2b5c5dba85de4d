/**
 * Traffic through an Envoy whose policy is edited again and again, and what of its answers no version in force explains.
 *
 * Version N of the policy allows `/n/N` alone, so each answer tells whether N was in force.
 * @module
 */
import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientIdentity } from './svid-of.ts';

/** When a version may have come into force, and when it was in force at the latest. */
interface Times {
  readonly writtenAtMs: number;
  heldAtMs: number;
}

export interface VerdictWatch extends AsyncDisposable {
  /** To be called before version N can be known to anybody. */
  written(version: number): void;
  /** To be called when an answer has shown that version N is in force. */
  held(version: number): void;
  /** Asks once, as the traffic does. @returns the status, or the code of what has failed */
  ask(version: number): Promise<number | string>;
  /** How many answers were judged, and those that are wrong. */
  result(): { readonly judged: number; readonly wrong: readonly string[]; readonly failed: readonly string[] };
}

/** So many versions to either side of the newest one are asked for. */
const AROUND = 2;
const CALLERS = 2;
/** What asks without end takes the cores from what is to be delivered. */
const PAUSE_MS = 2;

/** Begins it. Version 0 is in force. */
export function watchVerdicts(port: number, identity: ClientIdentity): VerdictWatch {
  const agent = new Agent({ keepAlive: true, cert: identity.cert, key: identity.key, rejectUnauthorized: false });
  const times = new Map<number, Times>([[0, { writtenAtMs: 0, heldAtMs: 0 }]]);
  const wrong: string[] = [];
  const failed: string[] = [];
  /** Judged once it is plain when the versions around them were in force. */
  let answers: Answer[] = [];
  let newest = 0;
  let judged = 0;
  let isOver = false;

  async function ask(version: number): Promise<number | string> {
    const askedAtMs = performance.now();
    const got = await statusOf({ port, agent, path: `/n/${version}` });
    answers.push({ version, got, askedAtMs, answeredAtMs: performance.now() });
    return got;
  }

  /** A version may be in force from when it was written until the next one that came was in force. */
  function judge({ version, got, askedAtMs, answeredAtMs }: Answer): void {
    judged += 1;
    if (got !== 200 && got !== 403) {
      failed.push(`${got} for ${version}`);
      return;
    }
    const own = times.get(version);
    const next = times.get(version + 1);
    const mayAllow = own !== undefined && own.writtenAtMs <= answeredAtMs && askedAtMs <= (next?.heldAtMs ?? Infinity);
    const mustAllow = own !== undefined && own.heldAtMs <= askedAtMs && answeredAtMs <= (next?.writtenAtMs ?? Infinity);
    if (got === 200 ? !mayAllow : mustAllow) wrong.push(`${got} for version ${version}, the newest being ${newest}`);
  }

  async function call(): Promise<void> {
    for (let i = 0; !isOver; i++) {
      await ask(newest - AROUND + (i % (2 * AROUND + 1)));
      await delay(PAUSE_MS);
    }
  }
  const running = Array.from({ length: CALLERS }, call);

  return {
    ask,
    written(version) {
      newest = version;
      times.set(version, { writtenAtMs: performance.now(), heldAtMs: Infinity });
    },
    held(version) {
      for (let each = version; times.get(each)?.heldAtMs === Infinity; each--)
        times.get(each)!.heldAtMs = performance.now(); // versions before it are over, whether they came or not
      const early = answers.filter((answer) => answer.version < version - AROUND);
      answers = answers.filter((answer) => answer.version >= version - AROUND);
      early.forEach(judge);
    },
    result() {
      answers.splice(0).forEach(judge);
      return { judged, wrong, failed };
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await Promise.all(running);
      agent.destroy();
    },
  };
}

interface Answer {
  readonly version: number;
  readonly got: number | string;
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}

function statusOf(asked: {
  readonly port: number;
  readonly agent: Agent;
  readonly path: string;
}): Promise<number | string> {
  return new Promise((resolve) => {
    request({ host: '127.0.0.1', ...asked }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.once('error', (error) => resolve(error.message));
    })
      .once('error', (error) => resolve(error.message))
      .end();
  });
}
