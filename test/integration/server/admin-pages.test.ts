import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { gatehouseDir } from '../../support/gatehouse-dir.ts';
import { type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';

/** Sends a request as it is written, and gives all that comes back. */
function say({ ready }: RunningGatehouse, lines: readonly string[], body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(ready.admin.slice('unix:'.length));
    let text = '';
    socket.setEncoding('utf8').on('data', (some: string) => {
      text += some;
    });
    socket.on('error', reject).on('close', () => resolve(text));
    socket.write(`${[...lines, 'connection: close', `content-length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`);
  });
}

const prepare = 'POST /v1/authorities/prepare HTTP/1.1';

const refused: readonly { name: string; lines: readonly string[]; body?: string; want: RegExp }[] = [
  {
    name: 'an order of a page of another site, which a browser sends with its certificate',
    lines: [prepare, 'host: a', 'origin: https://evil.example', 'content-type: text/plain'],
    body: '{}',
    want: /^HTTP\/1\.1 403 .*a web page of https:\/\/evil\.example may not ask here/s,
  },
  {
    name: 'a page that says no origin',
    lines: ['GET /v1/status HTTP/1.1', 'host: a', 'sec-fetch-site: cross-site'],
    want: /^HTTP\/1\.1 403 .*a web page may not ask here/s,
  },
  {
    name: 'a name twice in an order: which of the two counts would depend on the reader',
    lines: [prepare, 'host: a'],
    body: '{"use":"jwt","use":"x509"}',
    want: /^HTTP\/1\.1 400 .*it has \\"use\\" twice in one object/s,
  },
  {
    name: 'two hosts (RFC 9112 §3.2)',
    lines: ['GET /v1/status HTTP/1.1', 'host: a', 'host: b'],
    want: /^HTTP\/1\.1 400 /,
  },
];

describe('the admin API refuses', function () {
  this.timeout(120_000);

  it('what only pages of a browser send, and what may be read in two ways', async () => {
    await using dir = await gatehouseDir();
    await using server = await runGatehouse(dir.config);
    for (const { name, lines, body, want } of refused) assert.match(await say(server, lines, body), want, name);
    assert.match(await say(server, ['GET /v1/status HTTP/1.1', 'host: a', 'sec-fetch-site: none']), /^HTTP\/1\.1 200 /);
  });
});
