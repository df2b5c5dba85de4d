/**
 * `gatehouse jwt fetch`: a JWT-SVID of this process.
 * @module
 */
import { Command } from 'commander';
import { decodeJwt } from 'jose';
import { GatehouseError } from '../../errors.ts';
import { configOption } from '../config/config-option.ts';
import { type ChoiceFlags, choiceOptions, chooseSvids } from '../svid/choose-svids.ts';
import { type SocketFlag, socketOption, workloadSocket } from '../svid/socket-option.ts';
import { action } from '../terminal/action.ts';
import { note, type OutputFormat, outputOption, show, showError } from '../terminal/output.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { audienceOption, timeoutOption } from './jwt-options.ts';

interface Flags extends SocketFlag, ChoiceFlags {
  readonly audience: readonly string[];
  readonly timeout: number;
  readonly output: OutputFormat;
}

/** Exit code 0 with a token, 1 if the caller is entitled to none, 2 if nobody answers. The token is a secret of its bearer. */
export function jwtFetchCommand(terminal: Terminal): Command {
  const command = new Command('fetch')
    .description('fetch a JWT-SVID of this process; stdout has the token alone')
    .addOption(audienceOption());
  for (const option of choiceOptions()) command.addOption(option);
  return command
    .addOption(socketOption())
    .addOption(configOption())
    .addOption(timeoutOption())
    .addOption(outputOption())
    .addHelpText('after', '\nExample:\n  gatehouse jwt fetch --audience spiffe://cluster.local/ns/default/sa/details')
    .action(action<Flags>(terminal, (flags) => fetchToken(flags, terminal)));
}

async function fetchToken(flags: Flags, terminal: Terminal): Promise<0 | 1> {
  const [{ askWorkloadApi }, { SpiffeWorkloadAPI }] = await Promise.all([
    import('../svid/workload-call.ts'),
    import('../../gen/spiffe/workload/workloadapi_pb.ts'),
  ]);
  const question = { audience: [...flags.audience], spiffeId: flags.id ?? '' };
  try {
    const socket = await workloadSocket(flags);
    const { svids } = await askWorkloadApi(socket, SpiffeWorkloadAPI.method.fetchJWTSVID, question, flags.timeout);
    const all = svids.map(({ spiffeId, hint, svid }) => ({ spiffeId, hint, expiresAt: expiryOf(svid), token: svid }));
    const { svids: chosen } = chooseSvids({ svids: all }, flags);
    const [first] = chosen;
    if (first === undefined) throw new GatehouseError('not_entitled', 'the Workload API gave no token');
    show(terminal, flags.output, { svids: chosen }, () => `${first.token}\n`);
    const others = chosen.length === 1 ? '' : `; ${chosen.length - 1} more: choose by --id or --hint`;
    if (flags.output === 'table') note(terminal, `${first.spiffeId} until ${first.expiresAt}${others}`);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof GatehouseError) || thrown.code !== 'not_entitled') throw thrown;
    showError(terminal, flags.output, thrown);
    return 1;
  }
}

const expiryOf = (token: string): string => new Date((decodeJwt(token).exp ?? 0) * 1000).toISOString();
