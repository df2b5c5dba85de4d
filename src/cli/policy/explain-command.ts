/**
 * `gatehouse policy explain`: what would be decided, and why.
 * @module
 */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { action } from '../terminal/action.ts';
import { note, type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { type AskedFlags, askedOptions, openAsked } from './explain/asked.ts';
import { type PairFlags, pairOf, pairOptions } from './explain/pair-flags.ts';

interface Flags extends AskedFlags, PairFlags {
  readonly request?: string;
  readonly checkRequest?: boolean;
  readonly output: OutputFormat;
}

/** Exit code 0 if the request would be allowed, 1 if denied, 2 if nobody can say. */
export function policyExplainCommand(terminal: Terminal): Command {
  const command = new Command('explain')
    .description('explain the decision on one request: the path to it, what came near, what would change it')
    .argument('[from]', 'who asks: namespace/serviceAccount, namespace/pod, a SPIFFE ID or an address')
    .argument('[to]', 'who is asked')
    .option('-r, --request <file>', 'in place of both: the request as JSON, or - for standard input')
    .addOption(new Option('--check-request', 'the request is a CheckRequest in protobuf bytes'));
  for (const option of [...pairOptions(), ...askedOptions()]) command.addOption(option);
  return command
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  gatehouse policy explain default/web default/api --method POST --path /orders\n  gatehouse policy explain --config gatehouse.yaml --request request.json',
    )
    .action(
      action<Flags>(terminal, async (flags, [from, to]) => {
        const request = from === undefined ? await requestOf(flags, terminal) : pairOf(from, to, flags);
        const asked = await openAsked(flags, terminal);
        const explanation = await asked.explain(request);
        const { explanationText } = await import('./explain/explanation-text.ts');
        show(terminal, flags.output, { ...explanation, asked: asked.of }, explanationText);
        return explanation.decision === 'allow' ? 0 : 1;
      }),
    );
}

async function requestOf({ request: file, checkRequest }: Flags, terminal: Terminal): Promise<Uint8Array> {
  if (file === undefined)
    throw new GatehouseError(
      'message_invalid',
      'name two workloads, or give --request FILE (--policies and --registry take every word behind them: write the workloads first)',
    );
  const bytes = readFileSync(file === '-' ? 0 : file);
  if (checkRequest === true) {
    const { brokenInCheckRequest } = await import('./explain/check-request-rules.ts');
    const broken = brokenInCheckRequest(bytes);
    if (broken.length > 0) note(terminal, `no Envoy would send this CheckRequest: ${broken.join('; ')}`);
    return bytes;
  }
  const { encodeRequestForm } = await import('../../analysis/request-form.ts');
  return encodeRequestForm(parseJson(bytes.toString('utf8'), file));
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const name = file === '-' ? 'standard input' : file;
    throw new GatehouseError(
      'message_invalid',
      `${name} is no JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
  }
}
