/**
 * The file with which a decider joins: a token, and the authorities that it may believe until it knows more.
 * @module
 */
import * as z from 'zod';
import type { Config } from '../../config/config.ts';
import { GatehouseError } from '../../errors.ts';
import { readRegularFileSync } from '../../lib/regular-file.ts';

const MOST_BYTES = 1024 * 1024;

const schema = z.object({
  trustDomain: z.string(),
  token: z.string().min(1),
  expiresAt: z.string(),
  /** PEM. */
  bundle: z.string().min(1),
});

/** The content of a join file, checked. */
export type JoinFile = z.output<typeof schema>;

/** Reads one that `gatehouse join-token create` wrote. @throws GatehouseError `config_invalid` */
export function readJoinFile(file: string, trustDomain: string): JoinFile {
  const refuse = (why: string, cause?: unknown): never => {
    throw new GatehouseError('config_invalid', `feed.joinFile ${file} ${why}`, { file }, { cause });
  };
  let content: unknown;
  try {
    content = JSON.parse(readRegularFileSync(file, MOST_BYTES).toString('utf8'));
  } catch (thrown) {
    const missing = (thrown as NodeJS.ErrnoException).code === 'ENOENT'; // reading and JSON.parse throw Errors
    return refuse(
      missing ? 'does not exist: make it with `gatehouse join-token create --write`' : 'cannot be read as JSON',
      thrown,
    );
  }
  const read = schema.safeParse(content);
  if (!read.success) return refuse('is no file of `gatehouse join-token create`');
  if (read.data.trustDomain !== trustDomain)
    return refuse(`is of trust domain ${read.data.trustDomain}, not ${trustDomain}`);
  return read.data;
}

/** The file of a decider that has not joined yet. @throws GatehouseError `config_invalid` */
export function requireJoinFile({ feed: { joinFile }, authorityAddresses }: Config): string {
  if (joinFile !== undefined) return joinFile;
  throw new GatehouseError(
    'config_invalid',
    `this decider has no identity that ${authorityAddresses.join(', ')} would accept: make a file there by \`gatehouse join-token create --write join.json\`, and name it in feed.joinFile`,
  );
}
