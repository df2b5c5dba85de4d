import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLineOf } from '../support/command-of.ts';
import { freePort } from '../support/free-port.ts';
import { gatehouseDir, usualListeners } from '../support/gatehouse-dir.ts';
import { runGatehouse } from '../support/run-gatehouse.ts';
import { buildVerifiers, startVerifiers } from './oidc-verifiers.ts';

const details = 'spiffe://cluster.local/ns/default/sa/details';
/** Above the half minute for which most of these clients fetch no set again, whatever kid comes. */
const leadSeconds = Number(process.env['OIDC_LEAD_SECONDS'] ?? 40);

describe('JWT-SVIDs, verified by OIDC clients that know only the issuer', function () {
  this.timeout((600 + 2 * leadSeconds) * 1000);
  before(function () {
    this.timeout(1_200_000);
    buildVerifiers();
  });

  it('are believed by all of them before, during and after a rotation, and by none for whom they are not', async () => {
    await using stack = new AsyncDisposableStack();
    const issuer = `https://localhost:${await freePort()}`;
    const dir = stack.use(
      await gatehouseDir({
        entries: [{ spiffeId: details, selectors: [`unix:uid:${process.geteuid?.() ?? -1}`] }],
        authority: { jwtIssuer: issuer, oidcLead: `${leadSeconds}s` },
        listen: { ...usualListeners, oidc: issuer.replace('https://localhost', '127.0.0.1') },
      }),
    );
    const server = stack.use(await runGatehouse(dir.config));
    assert.ok(server.ready.oidc);
    const ask = commandLineOf(dir.config);
    const roots = dir.at('roots.pem');
    writeFileSync(roots, (await ask('bundle', 'show', '--format', 'pem')).out);
    const verifiers = await startVerifiers({ issuer, audience: 'shop', roots, leadSeconds, directory: dir.path });
    for (const each of verifiers) stack.use(each);

    const kids = new Set<string>();
    const said = new Map(verifiers.map(({ name }) => [name, new Set<string>()]));
    /** Has everybody verify a new token. */
    const verify = async (audience = 'shop'): Promise<string[]> => {
      const token = (await ask('jwt', 'fetch', '--audience', audience)).out.trim();
      const [head = ''] = token.split('.');
      kids.add((JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string }).kid);
      return Promise.all(verifiers.map((each) => each.verify(token)));
    };
    const believed = async (): Promise<void> => {
      for (const [i, line] of (await verify()).entries()) said.get(verifiers[i]!.name)?.add(line);
    };
    await believed();
    assert.equal((await ask('ca', 'prepare', '--jwt')).code, 0);
    for (;;) {
      await believed();
      if ((await ask('ca', 'activate', '--jwt')).code === 0) break;
      await delay(500);
    }
    for (let i = 0; i < 5; i++) await believed();
    assert.equal(kids.size, 2);
    for (const [name, lines] of said) assert.deepEqual([name, [...lines]], [name, [`ok ${details}`]]);
    for (const [i, line] of (await verify('another')).entries()) assert.match(line, /^FAIL /, verifiers[i]!.name);
  });
});
