/**
 * The credentials of a kubeconfig's user, kept fresh: files are read anew, programs run again before what they gave ends.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { ClusterAccess, Credentials } from './access.ts';
import { type ExecCredential, type ExecPlugin, runExecPlugin } from './exec-credential.ts';
import { FreshFile } from './fresh-file.ts';

/** A text, or the file that holds it. */
type Pem = { readonly text: string } | { readonly path: string };

/** What a kubeconfig says of a user, and of whom to believe. */
export interface UserParts {
  readonly ca: Pem | undefined;
  readonly cert: Pem | undefined;
  readonly key: Pem | undefined;
  readonly servername: string | undefined;
  readonly token: string | undefined;
  /** Wins over `token`. */
  readonly tokenFile: string | undefined;
  readonly exec: ExecPlugin | undefined;
}

/** What is this near to its end is renewed. */
const RENEW_BEFORE_MS = 10_000;

/** Makes what gives the credentials of these parts. */
export function credentialsOf(parts: UserParts): ClusterAccess['credentials'] {
  const ca = reader(parts.ca);
  const cert = reader(parts.cert);
  const key = reader(parts.key);
  const token = parts.tokenFile === undefined ? () => parts.token : reader({ path: parts.tokenFile });
  const { servername, exec } = parts;
  const given = exec && keepFresh(exec);
  return async (refused) => {
    const made = given && (await given(refused));
    return {
      tls: { ca: ca(), cert: made?.cert ?? cert(), key: made?.key ?? key(), servername },
      token: token() ?? made?.token,
    };
  };
}

function reader(pem: Pem | undefined): () => string | undefined {
  if (pem === undefined) return () => undefined;
  if ('text' in pem) return () => pem.text;
  const file = new FreshFile(pem.path);
  return () => {
    try {
      return file.read();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new GatehouseError('config_invalid', `${pem.path} of the kubeconfig cannot be read: ${why}`, {}, { cause });
    }
  };
}

/** Runs the program when there is nothing, when what there is ends soon, and when that was refused; once for all who wait. */
function keepFresh(plugin: ExecPlugin): (refused: Credentials | undefined) => Promise<ExecCredential> {
  let held: ExecCredential | undefined;
  let running: Promise<ExecCredential> | undefined;
  const isGood = (refused: Credentials | undefined): boolean => {
    if (held === undefined || (held.expiresAtMs ?? Infinity) - RENEW_BEFORE_MS <= Date.now()) return false;
    return (
      refused === undefined ||
      refused.token !== held.token ||
      (held.token === undefined && refused.tls.cert !== held.cert)
    );
  };
  return async (refused) => {
    if (held !== undefined && isGood(refused)) return held;
    running ??= runExecPlugin(plugin).finally(() => {
      running = undefined;
    });
    held = await running;
    return held;
  };
}
