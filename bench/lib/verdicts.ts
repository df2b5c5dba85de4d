/**
 * Starts peers, and asks each for one allow and one deny before anything is measured.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { missing, type Peer } from './peers.ts';
import type { Running } from './processes.ts';
import { alone } from './quiet.ts';
import { requestFor, verdictOf } from './requests.ts';
import type { Word } from './same-rules.ts';

/** One peer with one number of rules. */
export interface Case {
  readonly peer: Peer;
  readonly rules: number;
  readonly label: string;
  readonly running: Running | undefined;
  /** Why it is not measured. */
  why: string | undefined;
}

/** Starts every peer at every size, and checks it. */
export async function startCases(some: readonly Peer[]): Promise<readonly Case[]> {
  const cases: Case[] = [];
  for (const peer of some) {
    for (const rules of peer.sizes) {
      const one = await startCase(peer, rules);
      process.stderr.write(`  ${one.label}: ${one.why ?? 'verdicts are right'}\n`);
      cases.push(one);
    }
  }
  return cases;
}

async function startCase(peer: Peer, rules: number): Promise<Case> {
  const label = rules === 0 ? peer.name : `${peer.name}@${rules}`;
  const absent = missing(peer);
  if (absent !== undefined) return { peer, rules, label, running: undefined, why: absent };
  try {
    const running = await alone(() => peer.start(label.replace('@', '-'), rules), true);
    const why = peer.isGrpc ? await wrongVerdict(peer, rules, running) : undefined;
    return { peer, rules, label, running, why };
  } catch (thrown) {
    return { peer, rules, label, running: undefined, why: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

export async function stopCases(cases: readonly Case[]): Promise<void> {
  for (const { running } of cases) await running?.stop();
}

/** What is wrong with the verdicts; undefined: nothing. A floor allows all. */
async function wrongVerdict({ path }: Peer, rules: number, { where }: Running): Promise<string | undefined> {
  const wanted = `allow, ${rules === 0 ? 'allow' : 'deny'}`;
  const client = new Client(where.startsWith('unix:') ? where : `dns:${where}`, credentials.createInsecure());
  try {
    let got = '';
    for (let tries = 0; tries < 60; tries++) {
      got = `${await ask(client, path, rules, 'hit')}, ${await ask(client, path, rules, 'miss')}`;
      if (got === wanted) return undefined;
      await delay(500); // Dikastes listens before it has its policies
    }
    return `verdicts are ${got}; they should be ${wanted}`;
  } finally {
    client.close();
  }
}

function ask(client: Client, path: string, rules: number, word: Word): Promise<string> {
  const same = (bytes: Buffer): Buffer => bytes;
  const request = requestFor(path, rules === 0 ? 1_000 : rules, word);
  return new Promise((resolve) => {
    const answered = (error: ServiceError | null, reply?: Buffer): void =>
      resolve(error === null ? verdictOf(path, reply ?? Buffer.alloc(0)) : `error ${error.code}`);
    client.makeUnaryRequest(path, same, same, request, new Metadata(), { deadline: Date.now() + 5_000 }, answered);
  });
}
