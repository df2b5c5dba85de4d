import assert from 'node:assert/strict';
import { askAdmin } from '../../support/ask-admin.ts';
import { checkClient, question } from '../../support/check-client.ts';
import { eventually } from '../../support/eventually.ts';
import { gatehouseDir } from '../../support/gatehouse-dir.ts';
import { gatehouseJson, type RunningGatehouse, runGatehouse } from '../../support/run-gatehouse.ts';
import { svidOf } from '../../support/svid-of.ts';

const idOf = (name: string) => `spiffe://cluster.local/ns/default/sa/${name}`;

interface Forecast {
  readonly use: string;
  readonly ifActivatedAtOnce: { readonly lacking: string[]; readonly pairs: { caller: string; callee: string }[] };
}

const rehearse = async ({ ready }: RunningGatehouse): Promise<Forecast> =>
  (await askAdmin(ready.admin, 'POST', '/v1/rehearsal')).body as Forecast; // the API's own shape

describe('a rehearsal', function () {
  this.timeout(300_000);

  it('knows callers and callees over a restart', async () => {
    await using dir = await gatehouseDir({
      workloads: [{ namespace: 'default', serviceAccount: 'details', socket: { path: './run/details.sock' } }],
    });
    const pair = { caller: idOf('productpage'), callee: idOf('details') };
    {
      await using server = await runGatehouse(dir.config);
      await svidOf(dir.at('run/details.sock'));
      using client = checkClient(server.ready.extAuthz);
      assert.equal((await client.ask(question('GET'))).code, 0);
      await eventually('the pair is seen', async () =>
        (await rehearse(server)).ifActivatedAtOnce.pairs[0] ? true : undefined,
      );
    }
    await using server = await runGatehouse(dir.config);
    const { ifActivatedAtOnce } = await rehearse(server);
    assert.deepEqual([ifActivatedAtOnce.lacking, ifActivatedAtOnce.pairs], [[idOf('details')], [pair]]);
  });

  it('is also of the JWT authorities, by the command line', async () => {
    await using dir = await gatehouseDir();
    await using _server = await runGatehouse(dir.config);
    const forecast = (await gatehouseJson('ca', 'rehearse', '--jwt', '--config', dir.config)) as Forecast;
    assert.equal(forecast.use, 'jwt');
    const { rows } = (await gatehouseJson('ca', 'log', '--config', dir.config)) as {
      rows: { verb: string; use: string }[];
    };
    assert.deepEqual([rows[0]?.verb, rows[0]?.use], ['ca rehearse', 'jwt']);
  });
});
