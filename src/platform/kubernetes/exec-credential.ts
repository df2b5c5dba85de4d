/**
 * Credentials from a program that a kubeconfig names (client.authentication.k8s.io).
 * @module
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { GatehouseError } from '../../errors.ts';
import { isRecord } from './kubernetes-error.ts';

/** The program, as the kubeconfig names it. */
export interface ExecPlugin {
  readonly apiVersion: string;
  /** Absolute, or looked for in PATH. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Told to the program; undefined: it did not ask. */
  readonly cluster: Readonly<Record<string, unknown>> | undefined;
  readonly installHint: string;
}

/** What the program gave. */
export interface ExecCredential {
  readonly token: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Milliseconds since 1970; undefined: until it is refused. */
  readonly expiresAtMs: number | undefined;
}

const MOST_MS = 60_000;
const run = promisify(execFile);

/** Runs the program once. @throws GatehouseError `unreachable` with what it said */
export async function runExecPlugin(plugin: ExecPlugin): Promise<ExecCredential> {
  const { apiVersion, command, args, env, cluster, installHint } = plugin;
  const asked = { apiVersion, kind: 'ExecCredential', spec: { interactive: false, ...(cluster && { cluster }) } };
  try {
    const { stdout } = await run(command, args, {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(asked) },
      timeout: MOST_MS,
      maxBuffer: 1 << 20,
    });
    return readCredential(JSON.parse(stdout), apiVersion);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.trim().split('\n').slice(0, 3).join(' ') : String(cause);
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const hint = isAbsent && installHint !== '' ? `; ${installHint}` : '';
    throw new GatehouseError(
      'unreachable',
      `${command} of the kubeconfig gave no credentials: ${why}${hint}`,
      {},
      { cause },
    );
  }
}

function readCredential(answer: unknown, apiVersion: string): ExecCredential {
  if (!isRecord(answer) || answer['kind'] !== 'ExecCredential') throw new Error('its answer is no ExecCredential');
  if (answer['apiVersion'] !== apiVersion)
    throw new Error(`its answer is of ${String(answer['apiVersion'])}, the kubeconfig wants ${apiVersion}`);
  const status = isRecord(answer['status']) ? answer['status'] : {};
  const text = (field: string): string | undefined => {
    const value = status[field];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [token, cert, key] = [text('token'), text('clientCertificateData'), text('clientKeyData')];
  if (token === undefined && cert === undefined)
    throw new Error('there is neither token nor certificate in its answer');
  if ((cert === undefined) !== (key === undefined)) throw new Error('a certificate and its key come together');
  const expiry = text('expirationTimestamp');
  const expiresAtMs = expiry === undefined ? undefined : Date.parse(expiry);
  if (Number.isNaN(expiresAtMs)) throw new Error(`expirationTimestamp ${expiry} is no time`);
  return { token: token?.trim(), cert, key, expiresAtMs };
}
