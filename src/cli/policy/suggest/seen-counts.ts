/**
 * What the deciders have counted, of a running server or of files that hold its answers.
 * @module
 */
import { readFileSync } from 'node:fs';
import type { AdminClient } from '../../../admin-api/client.ts';
import type { EnvoysAnswer } from '../../../admin-api/envoys.ts';
import type { RequestsAnswer } from '../../../admin-api/seen/requests.ts';
import type { RulesAnswer } from '../../../admin-api/seen/rules.ts';
import { GatehouseError } from '../../../errors.ts';
import { type AdminFlags, adminClient } from '../../admin/admin-client.ts';
import { configFile } from '../../config/config-option.ts';

/** All that a server may be asked for. */
const ALL = 100_000;

/** Where the counts are. */
export interface SeenFlags extends Omit<AdminFlags, 'config'> {
  readonly config?: string;
  readonly seen?: string;
  readonly seenRules?: string;
}

/** The client of the server that the flags name. */
export const clientOf = ({ config, ...flags }: SeenFlags): Promise<AdminClient> =>
  adminClient({ ...flags, config: configFile(config) });

/**
 * What was asked for, and the Envoys that decide themselves; undefined: who asks may not know them.
 *
 * @throws GatehouseError `message_invalid`, and what the server answers
 */
export async function seenRequests(
  flags: SeenFlags,
): Promise<{ requests: RequestsAnswer; envoys: EnvoysAnswer | undefined }> {
  if (flags.seen === undefined) {
    const client = await clientOf(flags);
    return { requests: await client.ask('GET /v1/requests', { limit: ALL }), envoys: await envoysOf(client) };
  }
  const { requestsAnswer } = await import('../../../admin-api/seen/requests.ts');
  return { requests: readAnswer(flags.seen, requestsAnswer, 'GET /v1/requests'), envoys: { envoys: [] } };
}

async function envoysOf(client: AdminClient): Promise<EnvoysAnswer | undefined> {
  try {
    return await client.ask('GET /v1/envoys');
  } catch (thrown) {
    if (thrown instanceof GatehouseError && thrown.code === 'caller_not_authorised') return undefined;
    throw thrown;
  }
}

/** How often each rule has decided. @throws as `seenRequests` */
export async function seenRules(flags: SeenFlags): Promise<RulesAnswer> {
  if (flags.seenRules === undefined) return (await clientOf(flags)).ask('GET /v1/rules', { limit: ALL });
  const { rulesAnswer } = await import('../../../admin-api/seen/rules.ts');
  return readAnswer(flags.seenRules, rulesAnswer, 'GET /v1/rules');
}

interface Schema<A> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: A }
    | {
        readonly success: false;
        readonly error: { readonly issues: readonly { readonly path: readonly PropertyKey[] }[] };
      };
}

function readAnswer<A>(file: string, schema: Schema<A>, route: string): A {
  const refuse = (why: string): never => {
    throw new GatehouseError('message_invalid', `${file} is no answer of ${route}: ${why}`);
  };
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    return refuse((thrown as Error).message); // of reading or parsing
  }
  const read = schema.safeParse(value);
  return read.success ? read.data : refuse(`wrong at ${read.error.issues[0]?.path.join('.') || 'its top'}`);
}
