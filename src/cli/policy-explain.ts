/**
 * `gatehouse policy explain`: what would be decided, and why.
 * @module
 */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { GatehouseError } from '../errors.ts';
import { action } from './action.ts';
import { type OutputFormat, outputOption, show } from './output.ts';
import type { Terminal } from './terminal.ts';

interface Flags {
  readonly config: string;
  readonly request: string;
  readonly checkRequest?: boolean;
  readonly output: OutputFormat;
}

/** Exit code 0 if the request would be allowed, 1 if denied, 2 if nobody can say. */
export function policyExplainCommand(terminal: Terminal): Command {
  return new Command('explain')
    .description('explain the decision on one request, under the policies of a configuration')
    .requiredOption('-c, --config <file>', 'gatehouse.yaml whose policies, registry and workloads count')
    .requiredOption('-r, --request <file>', 'the request as JSON, or - for standard input')
    .addOption(new Option('--check-request', 'the request is a CheckRequest in protobuf bytes'))
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse policy explain --config gatehouse.yaml --request request.json')
    .action(
      action<Flags>(terminal, async (flags) => {
        const { explainOffline } = await import('../server/explain-offline.ts');
        const { encodeRequestForm } = await import('../analysis/request-form.ts');
        const bytes = readFileSync(flags.request === '-' ? 0 : flags.request);
        const request =
          flags.checkRequest === true ? bytes : encodeRequestForm(parseJson(bytes.toString('utf8'), flags.request));
        const explanation = await explainOffline(flags.config, request);
        show(terminal, flags.output, explanation, () => {
          const { decision, policy, rule, reason, summary } = explanation;
          const by = policy === null ? '' : ` by ${policy}${rule === null ? '' : ` rule ${rule}`}`;
          return `${decision} (${reason})${by}\n${summary}\n`;
        });
        return explanation.decision === 'allow' ? 0 : 1;
      }),
    );
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new GatehouseError('message_invalid', `${file} is no JSON: ${String(thrown)}`);
  }
}
