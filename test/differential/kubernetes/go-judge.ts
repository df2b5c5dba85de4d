/**
 * A judge written in Go: built from its folder here, asked one JSON line at a time.
 * @module
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildGo } from '../../support/build-go.ts';

/** Builds the judge in `folder`; returns the path of its program. */
export const buildJudge = (folder: string): string => buildGo({ folder: join(import.meta.dirname, folder) });

/** Asks all questions and gives the answers in their order. */
export async function askJudge<Question, Answer>(program: string, questions: readonly Question[]): Promise<Answer[]> {
  const judge = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => judge.on('close', resolve));
  judge.stdin.on('error', () => undefined); // a judge that ended early is told by its exit code
  judge.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''));
  const answers: Answer[] = [];
  for await (const line of createInterface({ input: judge.stdout })) answers.push(JSON.parse(line) as Answer); // our own judge's form
  const status = await ended;
  if (status !== 0 || answers.length !== questions.length)
    throw new Error(`the judge ended with ${status} after ${answers.length} of ${questions.length} answers`);
  return answers;
}
