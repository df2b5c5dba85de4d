/**
 * `gatehouse jwt validate`: whose a JWT-SVID is, as the Workload API says.
 * @module
 */
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { GatehouseError } from '../../errors.ts';
import { configOption } from '../config/config-option.ts';
import { type SocketFlag, socketOption, workloadSocket } from '../svid/socket-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { timeoutOption } from './jwt-options.ts';

interface Flags extends SocketFlag {
  readonly audience: string;
  readonly timeout: number;
  readonly output: OutputFormat;
}

type Validation =
  | { readonly valid: true; readonly spiffeId: string; readonly claims: object }
  | { readonly valid: false; readonly reason: string };

/** Exit code 0 valid, 1 not, 2 if nobody can say. */
export function jwtValidateCommand(terminal: Terminal): Command {
  return new Command('validate')
    .description('validate a JWT-SVID for one audience, by the bundles of the Workload API')
    .argument('[token]', 'the token; - or nothing: standard input, where other users do not see it', '-')
    .requiredOption('--audience <audience>', 'whom it must be for')
    .addOption(socketOption())
    .addOption(configOption())
    .addOption(timeoutOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse jwt validate --audience details TOKEN')
    .action(
      action<Flags>(terminal, async (flags, [given = '-']) => {
        const token = (given === '-' ? await text(process.stdin) : given).trim();
        const told = await validate(token, flags);
        show(terminal, flags.output, told, textOf);
        return told.valid ? 0 : 1;
      }),
    );
}

async function validate(svid: string, flags: Flags): Promise<Validation> {
  const [{ askWorkloadApi }, { SpiffeWorkloadAPI }] = await Promise.all([
    import('../svid/workload-call.ts'),
    import('../../gen/spiffe/workload/workloadapi_pb.ts'),
  ]);
  if (svid === '') throw new GatehouseError('message_invalid', 'there is no token');
  if (flags.audience === '')
    throw new GatehouseError('message_invalid', '--audience: nobody is named by an empty text');
  const question = { svid, audience: flags.audience };
  const { validateJWTSVID } = SpiffeWorkloadAPI.method;
  try {
    const told = await askWorkloadApi(await workloadSocket(flags), validateJWTSVID, question, flags.timeout);
    return { valid: true, spiffeId: told.spiffeId, claims: told.claims ?? {} };
  } catch (thrown) {
    // All that this question can be refused for as invalid is the token: the rest of it was checked above.
    if (thrown instanceof GatehouseError && thrown.code === 'header_missing')
      return { valid: false, reason: thrown.message };
    throw thrown;
  }
}

function textOf(told: Validation): string {
  if (!told.valid) return `not valid: ${told.reason}\n`;
  return `valid: ${told.spiffeId}\n${JSON.stringify(told.claims, null, 2)}\n`;
}
