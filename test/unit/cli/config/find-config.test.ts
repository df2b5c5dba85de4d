import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { findConfig, findConfigIfAny } from '../../../../src/cli/config/find-config.ts';
import { GatehouseError } from '../../../../src/errors.ts';
import { commandLine } from '../../../support/command-line.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

describe('findConfig', () => {
  let dir: TempDir;
  before(async () => {
    dir = await tempDir();
    writeFileSync(dir.at('here.yaml'), '');
    writeFileSync(dir.at('etc.yaml'), '');
    symlinkSync(dir.at('nowhere'), dir.at('dangling.yaml'));
  });
  after(() => dir[Symbol.asyncDispose]());

  const rows = [
    { name: 'the flag before all', told: { flag: 'f', variable: 'v' }, places: ['here.yaml'], want: ['f', '--config'] },
    { name: 'then the variable', told: { variable: 'v' }, places: ['here.yaml'], want: ['v', 'GATEHOUSE_CONFIG'] },
    { name: 'then the first place', told: {}, places: ['here.yaml', 'etc.yaml'], want: ['here.yaml', 'usual place'] },
    { name: 'then the second', told: {}, places: ['no.yaml', 'etc.yaml'], want: ['etc.yaml', 'usual place'] },
    { name: 'no empty variable', told: { variable: '' }, places: ['here.yaml'], want: ['here.yaml', 'usual place'] },
    {
      name: 'a link that leads nowhere, for its error',
      told: {},
      places: ['dangling.yaml', 'etc.yaml'],
      want: ['dangling.yaml', 'usual place'],
    },
    {
      name: 'no place below a file',
      told: {},
      places: ['here.yaml/gatehouse.yaml', 'etc.yaml'],
      want: ['etc.yaml', 'usual place'],
    },
  ] as const;
  for (const { name, told, places, want } of rows) {
    it(`takes ${name}`, () => {
      const at = (place: string): string => (place.endsWith('.yaml') ? dir.at(place) : place);
      const { file, by } = findConfig(told, places.map(at));
      assert.deepEqual([file, by], [at(want[0]), want[1]]);
    });
  }

  it('names every place that it looked at', () => {
    assert.throws(
      () => findConfig({}, [dir.at('a.yaml'), dir.at('b.yaml')]),
      (thrown: unknown) =>
        thrown instanceof GatehouseError &&
        ['--config', 'GATEHOUSE_CONFIG', dir.at('a.yaml'), dir.at('b.yaml')].every((each) =>
          thrown.message.includes(each),
        ),
    );
    assert.equal(findConfigIfAny({}, [dir.at('a.yaml')]), undefined);
  });
});

describe('the configuration of a command', () => {
  let dir: TempDir;
  const [before_, cwd] = [process.env['GATEHOUSE_CONFIG'], process.cwd()];
  before(async () => {
    dir = await tempDir();
    writeFileSync(dir.at('named.yaml'), 'trustDomain: named.example\n');
    writeFileSync(dir.at('gatehouse.yaml'), 'trustDomain: here.example\n');
    process.chdir(dir.path);
  });
  after(async () => {
    process.chdir(cwd);
    await dir[Symbol.asyncDispose]();
  });
  afterEach(() => {
    if (before_ === undefined) delete process.env['GATEHOUSE_CONFIG'];
    else process.env['GATEHOUSE_CONFIG'] = before_;
  });

  it('is the one that GATEHOUSE_CONFIG names, and it is said', async () => {
    process.env['GATEHOUSE_CONFIG'] = dir.at('named.yaml');
    assert.match((await commandLine('config', 'print')).out, /trustDomain: named\.example/);
    const { err, code } = await commandLine('ca', 'status');
    assert.match(err, /^gatehouse: the configuration is .*named\.yaml \(GATEHOUSE_CONFIG\)\n/);
    assert.equal(code, 2);
  });

  it('is the one of this directory, else, and of a flag nothing is said', async () => {
    assert.match((await commandLine('config', 'print')).out, /trustDomain: here\.example/);
    assert.match((await commandLine('ca', 'status')).err, /^gatehouse: the configuration is .*gatehouse\.yaml\n/);
    assert.doesNotMatch((await commandLine('ca', 'status', '--config', dir.at('named.yaml'))).err, /configuration/);
  });

  it('is no second document beside JSON', async () => {
    assert.doesNotMatch((await commandLine('ca', 'status', '--output', 'json')).err, /the configuration is/);
    const { out } = await commandLine('config', 'check', '--output', 'json');
    assert.equal((JSON.parse(out) as { file: string }).file, dir.at('gatehouse.yaml'));
  });

  it('may be an operand of config check', async () => {
    const { out, code } = await commandLine('config', 'check', dir.at('named.yaml'), '--alone');
    assert.match(out, /named\.yaml is good/);
    assert.equal(code, 0);
    const twice = await commandLine('config', 'check', dir.at('named.yaml'), '--config', dir.at('gatehouse.yaml'));
    assert.match(twice.err, /named\.yaml.*--config.*one of them/);
    assert.equal(twice.code, 2);
  });

  it('is not looked for where a flag says all', async () => {
    process.env['GATEHOUSE_CONFIG'] = '/nope.yaml';
    assert.doesNotMatch((await commandLine('ca', 'status', '--admin', 'unix:/nope.sock')).err, /nope\.yaml/);
  });
});
