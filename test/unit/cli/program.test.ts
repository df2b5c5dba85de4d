import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { allCommands, commandLine as run } from '../../support/command-line.ts';

describe('runCommandLine', () => {
  it('knows the commands of the contract', async () => {
    const names = (await allCommands()).map((each) => each.join(' '));
    for (const name of [
      'serve',
      'svid fetch',
      'svid watch',
      'ca status',
      'entry list',
      'entry explain',
      'policy check',
      'policy explain',
      'envoy bootstrap',
      'doctor',
      'config check',
      'config print',
      'config schema',
    ]) {
      assert.ok(names.includes(name), `${name} in ${names.join(', ')}`);
    }
  });

  it('helps with every command, with an example and the option --output json', async () => {
    for (const command of await allCommands()) {
      const { out, code } = await run(...command, '--help');
      assert.equal(code, 0, command.join(' '));
      assert.match(out, /^Examples?:\n( {2}#.*\n)? {2}gatehouse /m, `an example of ${command.join(' ')}`);
      assert.match(out, /--output <format>/, `--output of ${command.join(' ')}`);
      assert.match(out, /"json"/, `--output json of ${command.join(' ')}`);
    }
  });

  it('lets every command that asks a server show an SVID, and find the configuration', async () => {
    for (const command of await allCommands()) {
      const { out } = await run(...command, '--help');
      if (out.includes('listen.admin')) assert.match(out, /--svid <source>/, command.join(' '));
      if (!out.includes('--config <file>') || command.join(' ') === 'policy test') continue;
      assert.match(
        out.replaceAll(/\s+/g, ' '),
        /GATEHOUSE_CONFIG, \.\/gatehouse\.yaml, \/etc\/gatehouse\/gatehouse\.yaml/,
        command.join(' '),
      );
    }
  });

  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    assert.deepEqual(await run('--version'), { out: `${version}\n`, err: '', code: 0 });
  });

  const wrong: readonly { name: string; args: readonly string[]; says: RegExp }[] = [
    { name: 'no command', args: [], says: /Usage: gatehouse/ },
    { name: 'a command of two lines', args: ['a\nb\u202e'], says: /^error: unknown command 'a\\nb\\u202e'\n/ },
    { name: 'an option of two lines', args: ['doctor', '--a\nb'], says: /^error: unknown option '--a\\nb'\n/ },
    { name: 'an unknown command', args: ['serv'], says: /unknown command 'serv'.*Did you mean serve/s },
    {
      name: 'an unknown command that is asked for help',
      args: ['polcy', '--help'],
      says: /unknown command 'polcy'.*Did you mean policy/s,
    },
    {
      name: 'help for an unknown command',
      args: ['help', 'polcy'],
      says: /unknown command 'polcy'.*Did you mean policy/s,
    },
    { name: 'an unknown command after --help', args: ['--help', 'polcy'], says: /unknown command 'polcy'/ },
    {
      name: 'an unknown command of a group that is asked for help',
      args: ['policy', 'chek', '-h'],
      says: /unknown command 'chek'.*Did you mean check/s,
    },
    {
      name: 'help for an unknown command of a group',
      args: ['help', 'policy', 'chek'],
      says: /unknown command 'chek'.*Did you mean check/s,
    },
    {
      name: "a group's help for an unknown command",
      args: ['policy', 'help', 'chek'],
      says: /unknown command 'chek'.*Did you mean check/s,
    },
    {
      name: 'an unknown command that is like none',
      args: ['frobnicate'],
      says: /unknown command 'frobnicate'\n\(one of serve, /,
    },
    { name: 'a group without its command', args: ['svid'], says: /Usage: gatehouse svid/ },
    { name: 'an unknown command of a group', args: ['svid', 'fetchh'], says: /unknown command 'fetchh'/ },
    {
      name: 'an unknown option',
      args: ['svid', 'fetch', '--sockt', 'x'],
      says: /unknown option '--sockt'.*Did you mean --socket/s,
    },
    {
      name: 'another output format',
      args: ['ca', 'status', '--output', 'xml'],
      says: /Allowed choices are json, table/,
    },
    {
      name: 'a time without unit',
      args: ['svid', 'fetch', '--timeout', '10'],
      says: /10 is not a duration such as 30s/,
    },
    { name: 'a count of nothing', args: ['svid', 'watch', '--count', '0'], says: /0 is not a number from 1 on/ },
    { name: 'a missing operand', args: ['why'], says: /missing required argument 'id'/ },
    { name: 'neither pid nor socket', args: ['entry', 'explain'], says: /give either --pid or --socket/ },
    { name: 'both pid and socket', args: ['entry', 'explain', '--pid', '1', '--socket', 'x'], says: /give either/ },
    {
      name: 'a configuration that is not there',
      args: ['config', 'print', '-c', '/nope.yaml'],
      says: /cannot read .*\/nope.yaml: there is no such file/,
    },
    {
      name: 'a server that is not there',
      args: ['ca', 'status', '--admin', 'unix:/nope.sock'],
      says: /no server runs there/,
    },
    {
      name: 'a Workload API that is not there',
      args: ['svid', 'fetch', '--socket', 'unix:/nope.sock'],
      says: /does not answer: connect ENOENT \/nope\.sock$/m,
    },
  ];
  for (const { name, args, says } of wrong) {
    it(`ends with 2 and one reason on stderr: ${name}`, async () => {
      const { out, err, code } = await run(...args);
      assert.equal(out, '');
      assert.match(err, says);
      assert.equal(code, 2);
    });
  }

  it('answers what help asks for in each of its ways', async () => {
    const usual = await run('policy', 'check', '--help');
    for (const words of [
      ['help', 'policy', 'check'],
      ['policy', 'help', 'check'],
      ['policy', 'check', '-h'],
    ])
      assert.deepEqual(await run(...words), usual, words.join(' '));
    assert.deepEqual(await run('help'), await run('--help'));
  });

  const misused: readonly { name: string; args: readonly string[]; message: RegExp; hint?: RegExp; help: string }[] = [
    {
      name: 'an unknown command',
      args: ['polcy', 'check'],
      message: /^unknown command 'polcy'$/,
      hint: /^Did you mean policy\?$/,
      help: 'gatehouse --help',
    },
    {
      name: 'an unknown command of a group',
      args: ['policy', 'chek'],
      message: /^unknown command 'chek'$/,
      hint: /check/,
      help: 'gatehouse policy --help',
    },
    {
      name: 'an unknown option',
      args: ['svid', 'fetch', '--sockt=x'],
      message: /^unknown option '--sockt=x'$/,
      hint: /--socket/,
      help: 'gatehouse svid fetch --help',
    },
    {
      name: 'a missing operand',
      args: ['why'],
      message: /^missing required argument 'id'$/,
      help: 'gatehouse why --help',
    },
    {
      name: 'no command of a group',
      args: ['policy'],
      message: /^no command is given$/,
      help: 'gatehouse policy --help',
    },
    {
      name: 'a value that is none',
      args: ['svid', 'watch', '--count', '0'],
      message: /0 is not a number from 1 on/,
      help: 'gatehouse svid watch --help',
    },
    {
      name: 'one operand too many',
      args: ['ca', 'status', 'x'],
      message: /^too many arguments/,
      help: 'gatehouse ca status --help',
    },
  ];
  for (const { name, args, message, hint, help } of misused) {
    it(`says it as one JSON document when asked to: ${name}`, async () => {
      for (const output of [['--output', 'json'], ['--output=json']]) {
        const { out, err, code } = await run(...args, ...output);
        assert.deepEqual([out, code], ['', 2]);
        const said = JSON.parse(err) as { code: string; message: string; details: { hint?: string; help: string } };
        assert.equal(said.code, 'usage_invalid');
        assert.match(said.message, message);
        assert.equal(said.details.help, help);
        if (hint !== undefined) assert.match(said.details.hint ?? '', hint);
      }
    });
  }

  it('says an error as JSON when asked to', async () => {
    const { err, code } = await run('ca', 'status', '--admin', 'unix:/nope.sock', '--output', 'json');
    assert.equal(code, 2);
    assert.deepEqual(Object.keys(JSON.parse(err) as object), ['code', 'message', 'details']);
  });
});
