/**
 * The words of `npm run bench --`.
 * @module
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cache } from './paths.ts';

const usage = (sections: readonly string[]): string => `npm run bench -- [options]

  --only a,b       these sections alone
  --peers a,b      beside these programs alone
  --rounds N       interleaved rounds (3; with --full 5)
  --seconds N      of each measurement (3; with --full 8)
  --full           the sections that take long, too
  --before COMMIT  beside the build of that commit
  --no-build       other programs are those that were built before
  --out FOLDER     where bench.md, bench.json and plots are written (.cache/bench/results)

sections: ${sections.join(', ')}
`;

/** What was asked for. */
export interface Options {
  readonly only: readonly string[] | undefined;
  readonly peers: readonly string[] | undefined;
  readonly rounds: number;
  readonly seconds: number;
  readonly full: boolean;
  readonly before: string | undefined;
  readonly build: boolean;
  readonly out: string;
}

/** Reads them; `--help` and what cannot be read end the program, with exit code 0 and 2. @param sections  all there are */
export function readOptions(sections: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', default: false },
        only: { type: 'string' },
        peers: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        full: { type: 'boolean', default: false },
        before: { type: 'string' },
        build: { type: 'boolean', default: true },
        out: { type: 'string', default: join(cache, 'results') },
      },
      allowNegative: true,
    });
    if (values.help) {
      console.log(usage(sections));
      process.exit(0);
    }
    const only = values.only?.split(',');
    const unknown = only?.filter((name) => !sections.includes(name)) ?? [];
    if (unknown.length > 0) throw new TypeError(`no section is called ${unknown.join(', ')}`);
    const { full, before, build, out } = values;
    return {
      ...{ only, peers: values.peers?.split(','), full, before, build, out },
      rounds: numberOf('--rounds', values.rounds, full ? 5 : 3),
      seconds: numberOf('--seconds', values.seconds, full ? 8 : 3),
    };
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    console.error(`${thrown.message}\n\n${usage(sections)}`);
    process.exit(2);
  }
}

function numberOf(option: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  if (!/^[1-9]\d*$/.test(text)) throw new TypeError(`${option} takes a whole number from 1 on, not ${text}`);
  return Number(text);
}
