import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { runGatehouse } from '../support/run-gatehouse.ts';
import { tempDir } from '../support/temp-dir.ts';
import { ask, buildClients, clients } from './clients.ts';

const configOf = (algorithm: string) => `
trustDomain: cluster.local
authority: { jwtKeyType: ${algorithm} }
policies: { paths: [./policies], allowEmpty: true }
listen: { extAuthz: 127.0.0.1:0, health: 127.0.0.1:0 }
entries: [{ spiffeId: spiffe://cluster.local/ns/default/sa/interop, selectors: [unix:uid:${process.getuid?.() ?? 0}] }]
`;

describe('JWT-SVIDs of every algorithm, by the SPIFFE libraries of other languages and PyJWT', function () {
  this.timeout(120_000);
  before(function () {
    this.timeout(1_200_000);
    buildClients();
  });

  for (const algorithm of ['ES384', 'RS256', 'RS384', 'RS512']) {
    it(`${algorithm} is fetched, validated, and refused where it is for another or changed`, async () => {
      await using folder = await tempDir();
      mkdirSync(folder.at('policies'));
      writeFileSync(folder.at('gatehouse.yaml'), configOf(algorithm));
      await using gatehouse = await runGatehouse(folder.at('gatehouse.yaml'));
      const socket = gatehouse.ready.workloadApi.replace(/^unix:/, '');
      const said = new Map<string, string>();
      for (const client of clients) said.set(client.name, await ask(client, socket, 'jwt', 'somebody')); // throws if it fails
      assert.match(said.get('py-spiffe') ?? '', new RegExp(`"alg": "${algorithm}"`));
    });
  }
});
