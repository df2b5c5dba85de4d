import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { commandLine } from '../../../support/command-line.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';

const made = {
  trustDomain: 'cluster.local',
  token: 'secret-token',
  expiresAt: '2030-01-01T00:00:00.000Z',
  bundle: `-----BEGIN CERTIFICATE-----\n${'A'.repeat(100_000)}\n-----END CERTIFICATE-----\n`,
};

describe('gatehouse join-token create --write', () => {
  let dir: TempDir;
  let server: Server;
  let asked = 0;
  /** What stands in the file while the token is made. */
  let seen: string | undefined;
  let answer: { readonly status: number; readonly body: unknown };

  before(async () => {
    dir = await tempDir('gh-join-');
    server = createServer((_, response) => {
      asked += 1;
      seen = existsSync(dir.at('join.json')) ? readFileSync(dir.at('join.json'), 'utf8').trim() : undefined;
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    });
    await new Promise<void>((resolve) => server.listen(dir.at('admin.sock'), resolve));
  });
  beforeEach(() => {
    asked = 0;
    seen = undefined;
    answer = { status: 200, body: made };
  });
  after(async () => {
    server.close();
    await dir[Symbol.asyncDispose]();
  });

  const create = (file: string) =>
    commandLine('join-token', 'create', '--admin', `unix:${dir.at('admin.sock')}`, '--write', file);

  const cannot: readonly { name: string; file: () => string; says: RegExp }[] = [
    { name: 'a directory that is not there', file: () => dir.at('nowhere/join.json'), says: /no such file/ },
    { name: 'a directory in its place', file: () => dir.path, says: /already exists/ },
    { name: 'a file in its place', file: () => dir.at('there'), says: /already exists/ },
  ];
  for (const { name, file, says } of cannot) {
    it(`makes no token for ${name}`, async () => {
      writeFileSync(dir.at('there'), 'kept');
      const { code, err } = await create(file());
      assert.deepEqual([code, asked], [2, 0]);
      assert.match(err, says);
      assert.equal(readFileSync(dir.at('there'), 'utf8'), 'kept');
    });
  }

  it('has the file open, with nothing in it that could be taken for a token, before the token is made', async () => {
    const { code, out } = await create(dir.at('join.json'));
    assert.deepEqual([code, asked, seen], [0, 1, '']);
    assert.match(out, /join\.json holds until 2030/);
    assert.deepEqual(JSON.parse(readFileSync(dir.at('join.json'), 'utf8')), made);
    assert.equal(statSync(dir.at('join.json')).mode & 0o777, 0o600);
  });

  it('leaves no file where no token was made', async () => {
    answer = { status: 503, body: { code: 'authority_not_ready', message: 'not yet', details: {} } };
    const { code, err } = await create(dir.at('refused.json'));
    assert.deepEqual([code, asked], [2, 1]);
    assert.match(err, /not yet/);
    assert.equal(existsSync(dir.at('refused.json')), false);
  });
});
