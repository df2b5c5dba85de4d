/**
 * `gatehouse policy list`: which policies a running server has in force, and which of them apply to a workload.
 * @module
 */

import { Command } from 'commander';
import type { PoliciesAnswer } from '../../admin-api/policies.ts';
import { GatehouseError } from '../../errors.ts';
import { placeText } from '../../policy/documents/position.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { note, type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type Cell, textTable } from '../terminal/text-table.ts';

interface Flags extends AdminFlags {
  readonly workload?: string;
  readonly output: OutputFormat;
}

type Plane = PoliciesAnswer['planes'][number];
type Row = Plane['stages'][number]['policies'][number];

/** Exit code 0 if there are some, 1 if there is none. */
export function policyListCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('list the policies that a running server has in force, or those that apply to a workload')
    .option('--workload <name>', 'NAMESPACE/SERVICEACCOUNT, NAMESPACE/POD or a SPIFFE ID: only those that apply to it')
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  gatehouse policy list\n  gatehouse policy list --workload default/details')
    .action(
      action<Flags>(terminal, async (flags) => {
        const { workload } = flags;
        const answer = await (await adminClient(flags)).ask('GET /v1/policies', { workload });
        const planes = workload === undefined ? answer.planes : answer.planes.map(applying);
        const count = planes.reduce(
          (sum, { stages }) => sum + stages.reduce((some, each) => some + each.policies.length, 0),
          0,
        );
        const { findings, degraded, generation } = answer;
        show(terminal, flags.output, { generation, planes, degraded, findings }, (shown, look) =>
          textTable(
            ['PLANE', 'STAGE', 'KIND', 'POLICY', 'APPLIES', 'WRITTEN AT'],
            shown.planes.flatMap(rowsOf),
            workload === undefined ? 'no policy is in force' : `no policy applies to ${workload}`,
            look,
          ),
        );
        for (const each of degraded) note(terminal, `not in force: ${each}`);
        return count > 0 ? 0 : 1;
      }),
    );
}

/** What may apply stays: nobody knows better. @throws GatehouseError `not_supported` of a server that does not say */
function applying({ stages, ...plane }: Plane): Plane {
  const may = ({ applies }: Row): boolean => {
    if (applies !== undefined) return applies !== 'no';
    throw new GatehouseError(
      'not_supported',
      'that server is older than this program and does not say what applies to a workload',
    );
  };
  return { ...plane, stages: stages.map((stage) => ({ ...stage, policies: stage.policies.filter(may) })) };
}

function rowsOf({ id, mode, stages }: Plane): Cell[][] {
  return stages.flatMap(({ kind, policies }) =>
    policies.map((each): Cell[] => [
      mode === 'enforce' ? id : `${id} (${mode})`,
      kind,
      each.kind,
      `${each.namespace}/${each.name}`,
      each.applies === 'unknown' ? { text: 'labels unknown', style: 'warning' } : (each.applies ?? ''),
      placeText(each),
    ]),
  );
}
