import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { pageHeaders, refusalOf } from '../../../../src/cli/console/guard.ts';

const PORT = 4_321;
const host = `127.0.0.1:${PORT}`;

describe('refusalOf', () => {
  const cases: readonly {
    readonly name: string;
    readonly method?: string;
    readonly headers: IncomingHttpHeaders;
    readonly ok: boolean;
  }[] = [
    { name: 'a link that was followed', headers: { host, 'sec-fetch-site': 'none' }, ok: true },
    { name: 'a program that reads the page', headers: { host }, ok: true },
    { name: 'a script of the page', headers: { host, 'sec-fetch-site': 'same-origin' }, ok: true },
    {
      name: 'a question of the page',
      method: 'POST',
      headers: { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
      ok: true,
    },
    {
      name: 'the page by another name of this machine',
      method: 'POST',
      headers: { host: `localhost:${PORT}`, origin: `http://localhost:${PORT}` },
      ok: true,
    },
    { name: 'by IPv6', method: 'POST', headers: { host: `[::1]:${PORT}`, origin: `http://[::1]:${PORT}` }, ok: true },
    { name: 'a name that means this machine', headers: { host: `rebound.example:${PORT}` }, ok: false },
    { name: 'another port', headers: { host: `127.0.0.1:${PORT + 1}` }, ok: false },
    { name: 'no host', headers: {}, ok: false },
    {
      name: 'another page',
      method: 'POST',
      headers: { host, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      ok: false,
    },
    {
      name: 'a page of another server here',
      method: 'POST',
      headers: { host, origin: 'http://127.0.0.1:9', 'sec-fetch-site': 'same-site' },
      ok: false,
    },
    { name: 'a page without an origin', method: 'POST', headers: { host, origin: 'null' }, ok: false },
    { name: 'a question from nowhere', method: 'POST', headers: { host }, ok: false },
    { name: 'a picture on another page', headers: { host, 'sec-fetch-site': 'cross-site' }, ok: false },
    { name: 'a form that was sent by hand', method: 'POST', headers: { host, 'sec-fetch-site': 'none' }, ok: false },
  ];
  for (const { name, method = 'GET', headers, ok } of cases)
    it(`${ok ? 'passes' : 'refuses'} ${name}`, () => {
      assert.equal(refusalOf(method, headers, PORT) === undefined, ok, refusalOf(method, headers, PORT));
    });

  it('comes with headers that let nothing in from outside', () => {
    const policy = pageHeaders['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  });
});
