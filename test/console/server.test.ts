import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runConsole } from '../support/console.ts';
import { eventually } from '../support/eventually.ts';
import { type GatehouseDir, gatehouseDir } from '../support/gatehouse-dir.ts';
import { type RunningGatehouse, runGatehouse } from '../support/run-gatehouse.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Asks as any program of this machine can: with the headers that it likes. */
function ask(
  address: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: unknown,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${address}${path}`, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => {
        const isJson = response.headers['content-type'] === 'application/json';
        const read = isJson ? (JSON.parse(text) as Record<string, unknown>) : { text };
        resolve({ status: response.statusCode ?? 0, body: read, headers: response.headers });
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Begins to post, sends some of a body that never ends, and gives the status that comes all the same. */
function statusBeforeBody(
  address: string,
  path: string,
  headers: Record<string, string>,
  begun = '{"',
  kept?: AsyncDisposableStack,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${address}${path}`, { method: 'POST', headers, signal: AbortSignal.timeout(20_000) });
    sent.once('response', (response) => {
      resolve(response.statusCode ?? 0);
      response.resume();
    });
    sent.on('error', reject);
    kept?.defer(() => void sent.destroy());
    sent.write(begun);
  });
}

describe("the console's server", function () {
  this.timeout(180_000);
  let dir: GatehouseDir;
  let server: RunningGatehouse;

  before(async () => {
    dir = await gatehouseDir();
    server = await runGatehouse(dir.config);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });
  const flags = () => ['--config', dir.config, '--admin', server.ready.admin];
  const own = (address: string) => ({ origin: address, 'content-type': 'application/json' });

  it('gives a session for its link once, and answers nothing without one', async () => {
    await using console = await runConsole(...flags());
    const { address, url } = console;
    const token = url.slice(url.indexOf('#token=') + 7);
    const question = { route: 'GET /v1/status', question: {} };
    const begun = await ask(address, 'POST', '/session', own(address), { token });
    assert.equal(begun.status, 200);
    const { session } = begun.body;
    const again = await ask(address, 'POST', '/session', own(address), { token });
    assert.deepEqual([again.status, again.body['code']], [401, 'token_invalid']);
    const told = await ask(
      address,
      'POST',
      '/ask',
      { ...own(address), authorization: `Bearer ${String(session)}` },
      question,
    );
    assert.equal(told.body['trustDomain'], 'cluster.local');
    for (const authorization of ['', 'Bearer', 'Bearer x', `Basic ${String(session)}`, `Bearer ${token}`])
      for (const path of ['/ask', '/stream', '/what-if', '/allowed-pairs', '/link']) {
        const refused = await ask(
          address,
          'POST',
          path,
          { ...own(address), ...(authorization && { authorization }) },
          question,
        );
        assert.equal(refused.status, 401, `${path} ${authorization}`);
      }
    for (const refused of [
      await ask(
        address,
        'POST',
        '/ask',
        { ...own(address), origin: 'http://127.0.0.1:1', authorization: `Bearer ${String(session)}` },
        question,
      ),
      await ask(address, 'POST', '/ask', { authorization: `Bearer ${String(session)}` }, question),
      await ask(address, 'GET', '/', { host: 'rebound.example' }),
      await ask(address, 'GET', '/', { 'sec-fetch-site': 'cross-site' }),
    ])
      assert.deepEqual([refused.status, refused.body['code']], [403, 'caller_not_authorised']);
    const link = await ask(
      address,
      'POST',
      '/link',
      { ...own(address), authorization: `Bearer ${String(session)}` },
      {},
    );
    assert.equal((await ask(address, 'POST', '/session', own(address), link.body)).status, 200, 'another window');
  });

  it('refuses who has no session, and what is too large, before it reads what they send', async () => {
    await using console = await runConsole(...flags());
    const { address, url } = console;
    const { body } = await ask(address, 'POST', '/session', own(address), {
      token: url.slice(url.indexOf('#token=') + 7),
    });
    const good = { ...own(address), authorization: `Bearer ${String(body['session'])}` };
    const large = { 'content-length': `${8 * 1024 * 1024}` };
    const cases: readonly [path: string, headers: Record<string, string>, want: number][] = [
      ['/ask', { ...own(address), ...large }, 401],
      ['/stream', { ...own(address), 'transfer-encoding': 'chunked' }, 401],
      ['/what-if', { ...own(address), ...large, authorization: 'Bearer x' }, 401],
      ['/nowhere', { ...own(address), ...large }, 401],
      ['/nowhere', { ...good, ...large }, 404],
      ['/ask', { ...good, 'content-length': '8388609' }, 413],
      ['/session', { ...own(address), ...large }, 413],
      ['/what-if', { ...large, origin: 'http://127.0.0.1:1' }, 403],
    ];
    for (const [path, headers, want] of cases)
      assert.equal(await statusBeforeBody(address, path, headers), want, `${path} ${JSON.stringify(headers)}`);
    assert.equal(
      await statusBeforeBody(address, '/session', own(address), `{"token":"${'x'.repeat(70_000)}"`),
      413,
      'of a length that nobody told',
    );
  });

  it('reads only so many bodies at once, and those of strangers leave room for the page', async () => {
    await using console = await runConsole(...flags());
    const { address, url } = console;
    const token = url.slice(url.indexOf('#token=') + 7);
    const { body } = await ask(address, 'POST', '/session', own(address), { token });
    const good = { ...own(address), authorization: `Bearer ${String(body['session'])}` };
    const question = { route: 'GET /v1/status', question: {} };
    for (const [path, headers] of [
      ['/session', own(address)],
      ['/ask', good],
    ] as const) {
      await using kept = new AsyncDisposableStack();
      const first = await Promise.race(
        Array.from({ length: 100 }, () => statusBeforeBody(address, path, headers, '{"', kept)),
      );
      assert.equal(first, 429, path);
      assert.equal((await ask(address, 'POST', '/ask', good, question)).status, path === '/ask' ? 429 : 200, path);
    }
    await eventually('room again', async () =>
      (await ask(address, 'POST', '/ask', good, question)).status === 200 ? true : undefined,
    );
  });

  it('lets verbs be ordered only where it was told to, each with its reason', async () => {
    for (const allowVerbs of [false, true]) {
      await using console = await runConsole(...flags(), ...(allowVerbs ? ['--allow-verbs'] : []));
      const { address, url } = console;
      const { body } = await ask(address, 'POST', '/session', own(address), {
        token: url.slice(url.indexOf('#token=') + 7),
      });
      assert.equal(body['allowVerbs'], allowVerbs);
      const headers = { ...own(address), authorization: `Bearer ${String(body['session'])}` };
      const order = (question: object) =>
        ask(address, 'POST', '/ask', headers, { route: 'POST /v1/authorities/prepare', question });
      const silent = await order({ use: 'x509' });
      assert.equal(silent.status, allowVerbs ? 400 : 403);
      assert.equal((await order({ use: 'x509', reason: 'a test' })).status, allowVerbs ? 200 : 403);
      assert.equal(
        (await ask(address, 'POST', '/ask', headers, { route: 'POST /v1/backup', question: { reason: 'x' } })).status,
        403,
      );
    }
  });

  it('serves its page with a policy of content, and no other path of the disk', async () => {
    await using console = await runConsole(...flags());
    const { address } = console;
    const page = await ask(address, 'GET', '/');
    assert.match(String(page.headers['content-security-policy']), /script-src 'self'/);
    assert.match(String(page.body['text']), /<script type="module" src="\/main\.js">/);
    assert.doesNotMatch(String(page.body['text']), /<script(?![^>]*src=)|\sstyle=|\son\w+=/);
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/console/main.js', '/main.js.map', '//etc/passwd'])
      assert.equal((await ask(address, 'GET', path)).status, 404, path);
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      assert.notEqual((await ask(address, method, '/', { origin: address })).status, 200, method);
    for (const odd of ['[]', 'null', '"{"', '7'])
      assert.equal((await ask(address, 'POST', '/session', own(address), JSON.parse(odd))).status === 200, false);
  });

  it('sends nothing of its session to another server of this machine', async () => {
    const heard: string[] = [];
    const other = createServer(({ headers, url }, response) => {
      heard.push(JSON.stringify({ headers, url }));
      response.setHeader('access-control-allow-origin', '*').end('<p>other</p>');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    await using console = await runConsole(...flags());
    const { startBrowser, openPage } = await import('../support/console.ts');
    const browser = await startBrowser();
    try {
      const { context, page } = await openPage(browser, console.url);
      await page.getByRole('heading', { name: 'Live' }).waitFor();
      const stranger = await context.newPage();
      const place = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
      await stranger.goto(place);
      const got = await stranger.evaluate(async (address) => {
        const tries = [
          fetch(`${address}/ask`, { method: 'POST', body: '{}', credentials: 'include' }),
          fetch(`${address}/session`, { method: 'POST', body: '{}' }),
        ];
        return (await Promise.allSettled(tries)).map(({ status }) => status);
      }, console.address);
      assert.deepEqual(got, ['rejected', 'rejected']);
      assert.deepEqual(await context.cookies(), []);
      assert.ok(heard.length > 0 && heard.every((each) => !/bearer|token|session/i.test(each)), heard.join());
      const { pathname, hash } = new URL(page.url());
      assert.deepEqual([pathname, hash], ['/', '#/live']);
    } finally {
      await browser.close();
      other.close();
    }
  });
});
