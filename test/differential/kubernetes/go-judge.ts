/**
 * A judge written in Go: built from its folder here, asked one JSON line at a time.
 * @module
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from '../../support/run-gatehouse.ts';

const cache = join(projectRoot, '.cache/differential');

/** Builds the judge in `folder`; returns the path of its program. */
export function buildJudge(folder: string): string {
  mkdirSync(cache, { recursive: true });
  const program = join(cache, folder);
  const compiler = 'go';
  const built = spawnSync(compiler, ['build', '-o', program, '.'], {
    cwd: join(import.meta.dirname, folder),
    encoding: 'utf8',
    env: { ...process.env, GOFLAGS: '-buildvcs=false' },
  });
  if (built.error) throw new Error(`go cannot be run: ${built.error.message}; this suite needs Go`);
  if (built.status !== 0) throw new Error(`go build ${folder}:\n${built.stdout}${built.stderr}`);
  return program;
}

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
