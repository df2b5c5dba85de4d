import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLineOf } from '../support/command-of.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { gatehouseDir, usualListeners } from '../support/gatehouse-dir.ts';
import { runGatehouse } from '../support/run-gatehouse.ts';
import { cache, here, python, run, venvPython } from './clients.ts';

const details = 'spiffe://cluster.local/ns/default/sa/details';
/** Above the half minute for which these libraries fetch no set again, whatever kid comes. */
const LEAD = '40s';

const goClient = join(cache, 'go-oidc');

/** Each library by its name, as the command that verifies what comes on its standard input. */
const verifiers = (
  issuer: string,
  roots: string,
): readonly [name: string, program: string, args: readonly string[]][] => {
  const rest = [issuer, 'shop', roots];
  const script = join(here, 'python/oidc.py');
  return [
    ['go-oidc', goClient, rest],
    ...['pyjwt', 'joserfc', 'authlib'].map((name): [string, string, string[]] => [
      name,
      venvPython,
      [script, name, ...rest],
    ]),
  ];
};

describe('JWT-SVIDs, verified by OIDC clients that know only the issuer', function () {
  this.timeout(600_000);
  before(function () {
    this.timeout(1_200_000);
    mkdirSync(cache, { recursive: true });
    run('go', ['build', '-o', goClient, './oidc'], join(here, 'go'));
    python.build();
  });

  it('are believed by all of them before, during and after a rotation', async () => {
    const issuer = `https://localhost:${await freePort()}`;
    await using dir = await gatehouseDir({
      entries: [{ spiffeId: details, selectors: [`unix:uid:${process.geteuid?.() ?? -1}`] }],
      authority: { jwtIssuer: issuer, oidcLead: LEAD },
      listen: { ...usualListeners, oidc: issuer.replace('https://localhost', '127.0.0.1') },
    });
    await using server = await runGatehouse(dir.config);
    assert.ok(server.ready.oidc);
    const ask = commandLineOf(dir.config);
    writeFileSync(dir.at('roots.pem'), (await ask('bundle', 'show', '--format', 'pem')).out);
    using stack = new DisposableStack();
    const said = new Map<string, string[]>();
    const inputs: Writable[] = [];
    for (const [name, program, args] of verifiers(issuer, dir.at('roots.pem'))) {
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      stack.defer(() => void child.kill('SIGKILL'));
      const lines: string[] = [];
      createInterface(child.stdout).on('line', (line) => lines.push(line));
      said.set(name, lines);
      inputs.push(child.stdin);
    }
    let asked = 0;
    const kids = new Set<string>();
    const verify = async (): Promise<void> => {
      const token = (await ask('jwt', 'fetch', '--audience', 'shop')).out.trim();
      const [head = ''] = token.split('.');
      kids.add((JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string }).kid);
      for (const input of inputs) input.write(`${token}\n`);
      asked += 1;
      await eventually(`everybody has answered ${asked}`, () =>
        [...said.values()].every((lines) => lines.length >= asked) ? true : undefined,
      );
    };
    await verify();
    assert.equal((await ask('ca', 'prepare', '--jwt')).code, 0);
    for (;;) {
      await verify();
      if ((await ask('ca', 'activate', '--jwt')).code === 0) break;
      await delay(500);
    }
    for (let i = 0; i < 5; i++) await verify();
    assert.equal(kids.size, 2);
    for (const [name, lines] of said)
      assert.deepEqual([name, [...new Set(lines)]], [name, [`ok ${details}`]], `${asked} tokens`);
  });
});
