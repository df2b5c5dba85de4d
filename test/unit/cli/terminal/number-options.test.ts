import assert from 'node:assert/strict';
import { allCommands, commandLine } from '../../../support/command-line.ts';

/** What is never a number of something. */
const never = ['', '-1', 'abc', '1e3', '0x10', '1.5.2', 'NaN', 'Infinity', ' 5', '99999999999', '99999999999d'];

/** Every option that is a number of something: what else it refuses, and what the refusal says. */
const options: readonly { readonly option: string; readonly refuses: readonly string[]; readonly command: string[] }[] =
  [
    {
      command: [
        ...['envoy', 'istio', '--workload', 'a/b', '--label', 'a=b'],
        ...['--xds', 'h:1', '--ext-authz', 'h:2'],
      ],
      option: '--timeout',
      refuses: ['0', '2h'],
    },
    {
      command: ['envoy', 'bootstrap', '--workload', 'a/b', '--listen', '127.0.0.1:1', '--upstream', '127.0.0.1:2'],
      option: '--timeout',
      refuses: ['0', '0s', '0ms', '5', '2h'],
    },
    {
      command: ['envoy', 'bootstrap', '--workload', 'a/b', '--listen', '127.0.0.1:1', '--upstream', '127.0.0.1:2'],
      option: '--max-connection-duration',
      refuses: ['5', '366d'],
    },
    {
      command: ['envoy', 'bootstrap', '--workload', 'a/b', '--listen', '127.0.0.1:1', '--upstream', '127.0.0.1:2'],
      option: '--trusted-hops',
      refuses: ['1', '1000'],
    },
    { command: ['serve'], option: '--ready-timeout', refuses: ['0', '0s', '5', '30d'] },
    { command: ['serve'], option: '--drain-timeout', refuses: ['0', '5', '30d'] },
    { command: ['doctor', '--zero-trust'], option: '--timeout', refuses: ['0', '0s', '5', '30d'] },
    { command: ['svid', 'fetch'], option: '--timeout', refuses: ['0', '0s', '5', '30d'] },
    { command: ['svid', 'watch'], option: '--count', refuses: ['0', '1.5'] },
    { command: ['ca', 'rotate'], option: '--timeout', refuses: ['0', '5'] },
    { command: ['ca', 'log'], option: '--limit', refuses: ['0', '10001', '1.5'] },
    { command: ['ca', 'ledger'], option: '--limit', refuses: ['0', '10001', '1.5'] },
    { command: ['entry', 'explain'], option: '--pid', refuses: ['0', '1.5'] },
    { command: ['join-token', 'create'], option: '--ttl', refuses: ['0', '0s', '999ms', '8d', '5'] },
    { command: ['bundle', 'show'], option: '--timeout', refuses: ['0', '0s', '5', '30d'] },
    { command: ['jwt', 'fetch', '--audience', 'a'], option: '--timeout', refuses: ['0', '0s', '5', '30d'] },
    { command: ['jwt', 'validate', '--audience', 'a'], option: '--timeout', refuses: ['0', '0s', '5', '30d'] },
    { command: ['decisions'], option: '--limit', refuses: ['0', '10001', '1.5'] },
    { command: ['decisions'], option: '--count', refuses: ['0', '1.5'] },
    { command: ['edges'], option: '--limit', refuses: ['0', '1.5'] },
    { command: ['policy', 'explain'], option: '--port', refuses: ['0', '65536', '1.5'] },
    { command: ['policy', 'candidate'], option: '--limit', refuses: ['0', '1.5'] },
    { command: ['policy', 'diff', 'a', 'b'], option: '--timeout', refuses: ['0', '0s', '5'] },
    { command: ['policy', 'hits'], option: '--limit', refuses: ['0', '1.5'] },
    { command: ['policy', 'map'], option: '--timeout', refuses: ['0', '0s', '5'] },
    { command: ['policy', 'promote', '--write', 'a'], option: '--min-age', refuses: ['5'] },
    { command: ['policy', 'prove'], option: '--timeout', refuses: ['0', '0s', '5'] },
    { command: ['policy', 'replay', 'a', '--with', 'b'], option: '--cannot-say', refuses: ['101', '100.1'] },
    { command: ['policy', 'suggest'], option: '--min-window', refuses: ['5'] },
    { command: ['policy', 'suggest'], option: '--timeout', refuses: ['0', '0s', '5'] },
    { command: ['policy', 'test'], option: '--fail-under', refuses: ['101', '100.1'] },
    { command: ['policy', 'test'], option: '--most', refuses: ['0', '1.5'] },
    { command: ['policy', 'test'], option: '--min-coverage', refuses: ['101', '100.1'] },
  ];

/** The words of a command line that name its command: no option, and none of its arguments, which are `a` and `b` here. */
const nameOf = (command: readonly string[]): string => command.join(' ').replace(/ (?:--|[ab](?: |$)).*/, '');

describe('options that are a number of something', () => {
  for (const { command, option, refuses } of options) {
    it(`${nameOf(command)} ${option} refuses what has no meaning, by its name`, async () => {
      for (const text of [...never, ...refuses]) {
        const { code, err, out } = await commandLine(...command, `${option}=${text}`);
        assert.equal(code, 2, `${text}: ${err}`);
        assert.match(err, new RegExp(option), text);
        assert.equal(out, '', text);
      }
    });
  }

  it('are all looked at here', async () => {
    const found: string[] = [];
    for (const words of await allCommands()) {
      const help = (await commandLine(...words, '--help')).out;
      const named = help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+) <(?:duration|number|percent|count|seconds|port)>/gm);
      for (const [, option] of named) found.push(`${words.join(' ')} ${option}`);
    }
    const looked = options.map(({ command, option }) => `${nameOf(command)} ${option}`);
    assert.deepEqual(found.sort(), looked.sort());
  });
});
