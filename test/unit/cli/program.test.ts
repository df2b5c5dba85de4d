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
    { name: 'a missing operand', args: ['policy', 'check'], says: /missing required argument 'path'/ },
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
      says: /does not answer/,
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

  it('says an error as JSON when asked to', async () => {
    const { err, code } = await run('ca', 'status', '--admin', 'unix:/nope.sock', '--output', 'json');
    assert.equal(code, 2);
    assert.deepEqual(Object.keys(JSON.parse(err) as object), ['code', 'message', 'details']);
  });
});
