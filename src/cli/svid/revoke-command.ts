/**
 * `gatehouse svid revoke`: the next request of that certificate, ID or key is denied.
 * @module
 */
import { Command } from 'commander';
import type { RevokedAnswer } from '../../admin-api/revocations.ts';
import { type ErrorCode, GatehouseError } from '../../errors.ts';
import { oneLine } from '../../lib/printable.ts';
import { type AdminFlags, adminClient, adminOption, svidOption } from '../admin/admin-client.ts';
import { configOption } from '../config/config-option.ts';
import { action } from '../terminal/action.ts';
import { type OutputFormat, outputOption, show } from '../terminal/output.ts';
import { showRefusal } from '../terminal/refusal.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface Flags extends AdminFlags {
  readonly output: OutputFormat;
  readonly serial?: string;
  readonly id?: string;
  readonly spki?: string;
  readonly decider?: string;
  readonly reason: string;
  readonly override: boolean;
  readonly undo: boolean;
}

/** Exit code 0 when every decider refuses it, 1 when refused or when a decider has not said so within a second. */
export function svidRevokeCommand(terminal: Terminal): Command {
  return new Command('revoke')
    .description('deny the next request of an identity, within a second, on every decider; CRLs follow')
    .option('--serial <hex>', 'one certificate, as openssl shows its serial number; needs include_peer_certificate')
    .option('--id <spiffe-id>', 'every certificate of a SPIFFE ID; nothing more is issued to it')
    .option('--spki <sha256>', 'every certificate of a key: SHA-256 of its SubjectPublicKeyInfo in hex; likewise')
    .option(
      '--decider <name>',
      'a decider elsewhere, with all that it ever enrolled; it neither follows nor joins again',
    )
    .option('--reason <text>', 'why; kept in the audit', '')
    .option(
      '--override',
      'go on although a decider has seen no certificates (--serial, --spki), or nobody has that name yet; needs --reason',
      false,
    )
    .option('--undo', 'take back the revocation of an ID, key or decider, once nothing lives that it keeps out', false)
    .addOption(adminOption())
    .addOption(svidOption())
    .addOption(configOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Examples:
  gatehouse svid revoke --id spiffe://cluster.local/ns/default/sa/reviews --reason "key leaked"
  gatehouse svid revoke --serial 4196A1F04C2D --reason "laptop lost"
  gatehouse svid revoke --decider node7-05baadeb --reason "node 7 lost"
  gatehouse svid revoke --undo --id spiffe://cluster.local/ns/default/sa/reviews --reason "rebuilt"`,
    )
    .action(action<Flags>(terminal, (flags) => revoke(flags, terminal)));
}

const refusals: readonly ErrorCode[] = ['certificates_not_seen', 'not_sound', 'not_found'];

async function revoke(flags: Flags, terminal: Terminal): Promise<0 | 1> {
  const { output, reason, override, undo } = flags;
  const given = (['serial', 'id', 'spki', 'decider'] as const).flatMap((kind) => {
    const value = flags[kind];
    return value === undefined ? [] : [{ kind, value }];
  });
  const [named] = given;
  if (named === undefined || given.length > 1)
    throw new GatehouseError('message_invalid', 'give one of --serial, --id, --spki and --decider');
  if (override && reason.trim() === '')
    throw new GatehouseError('message_invalid', 'an override needs a reason: --reason TEXT');
  const client = await adminClient(flags);
  try {
    if (undo) {
      const answer = await client.ask('POST /v1/revocations/undo', { ...named, reason });
      show(terminal, output, answer, () => `${named.kind} ${oneLine(named.value)} is no longer revoked\n`);
      return 0;
    }
    const answer = await client.ask('POST /v1/revocations', { ...named, reason, override });
    show(terminal, output, answer, textOf);
    return answer.inForce ? 0 : 1;
  } catch (thrown) {
    return showRefusal(terminal, output, thrown, { refusals, what: 'not done' });
  }
}

function textOf(answer: RevokedAnswer): string {
  const { kind, value, keptUntil, replicas, envoys, warnings, cannotCut } = answer;
  const late = envoys.filter((each) => !each.inForce);
  const silent = replicas.filter((each) => !each.inForce);
  return [
    `${kind} ${value} is revoked, until ${keptUntil}`,
    hitText(answer),
    reachText(answer),
    ...silent.map(({ name }) => `replica ${name} has not said within two seconds that its deciders refuse`),
    ...(envoys.length === 0
      ? []
      : [`in force in ${envoys.length - late.length} of ${envoys.length} Envoys that decide themselves`]),
    ...late.map(({ node }) => `Envoy ${node} has not said within a second that it refuses (gatehouse envoy status)`),
    ...warnings.map((warning) => `warning: ${warning}`),
    'this does not cut:',
    ...cannotCut.map((each) => `  - ${each}`),
    '',
  ].join('\n');
}

/** How much it hits: a wrong name is seen at once. */
function hitText({ liveSvids, liveTokens }: RevokedAnswer): string {
  const count = (many: number, what: string): string => `${many} ${what}${many === 1 ? '' : 's'}`;
  const tokens = liveTokens === 0 ? '' : `; ${count(liveTokens, 'token')} (JWT-SVID) of it expire by themselves`;
  return `it hits ${count(liveSvids, 'certificate')} that had not expired${tokens}`;
}

function reachText({ deciders, replicas }: RevokedAnswer): string {
  const inForce = [...deciders, ...replicas].every((each) => each.inForce);
  const elsewhere = replicas.reduce((sum, each) => sum + each.deciders, 0);
  if (inForce) return `in force on every decider (${deciders.length + elsewhere})`;
  const reached = deciders.filter((each) => each.inForce).length;
  return reached === deciders.length
    ? `in force on every decider of this server (${reached})`
    : `in force on ${reached} of ${deciders.length} deciders; the others have not said so within a second (gatehouse ca log, /readyz)`;
}
