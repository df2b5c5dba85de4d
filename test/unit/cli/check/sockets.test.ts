import assert from 'node:assert/strict';
import { checkSockets } from '../../../../src/cli/check/sockets.ts';
import type { Role } from '../../../../src/config/config.ts';
import { listeners } from '../../../../src/config/listeners/table.ts';
import { loadConfig } from '../../../../src/config/read-config.ts';
import { createAccounts } from '../../../../src/lib/accounts.ts';
import { gatehouseDir } from '../../../support/gatehouse-dir.ts';

describe('checkSockets', () => {
  const ofAuthority = { feed: '127.0.0.1:0', istioCa: '127.0.0.1:0', bundle: '127.0.0.1:0', oidc: '127.0.0.1:0' };
  const ofDecider = { extAuthz: '127.0.0.1:0', httpAuth: '127.0.0.1:0' };
  const ofBoth = { health: '127.0.0.1:0', xds: '127.0.0.1:0', accessLog: '127.0.0.1:0', admission: '127.0.0.1:0' };
  const more = { authority: { jwtIssuer: 'https://oidc.example.org' }, admission: { service: 'gatehouse.default' } };
  const rows: readonly { roles: readonly Role[]; listen: object; without: readonly string[] }[] = [
    { roles: ['authority', 'decider'], listen: { ...ofAuthority, ...ofDecider, ...ofBoth }, without: [] },
    { roles: ['authority'], listen: { ...ofAuthority, ...ofBoth }, without: ['extAuthz', 'httpAuth'] },
  ];
  for (const { roles, listen, without } of rows)
    it(`looks at every listener that ${roles.join(' and ')} opens`, async () => {
      await using dir = await gatehouseDir();
      await dir.configure({ roles, listen, ...more });
      const outcomes = await checkSockets(loadConfig(dir.config), createAccounts(), false);
      assert.deepEqual(
        outcomes.map(({ code, message }) => `${code} ${message.split(':', 1)[0]}`).sort(),
        Object.keys(listeners)
          .filter((name) => !without.includes(name))
          .map((name) => `listener-free listen.${name}`)
          .sort(),
      );
    });
});
