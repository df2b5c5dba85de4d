/**
 * The environment without what changes how Node itself works: a variable that was set for another program must not switch off
 * checks of ours, load code into us, or write our keys down.
 * @module
 */

const others: ReadonlySet<string> = new Set([
  'SSLKEYLOGFILE',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'OPENSSL_CONF',
  'OPENSSL_CONF_INCLUDE',
  'OPENSSL_MODULES',
  'OPENSSL_ENGINES',
]);
/** What Node reads and no check depends on. */
const harmless: ReadonlySet<string> = new Set([
  'NODE_ENV',
  'NODE_COMPILE_CACHE',
  'NODE_DISABLE_COMPILE_CACHE',
  'NODE_V8_COVERAGE',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
]);
/** More authorities for PostgreSQL and key sets, which have no other place for them. Read once, at the start of a process. */
const trust: ReadonlySet<string> = new Set([
  'NODE_EXTRA_CA_CERTS',
  'NODE_USE_SYSTEM_CA',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]);

/** Whether a variable is Node's or OpenSSL's own. */
function isNodes(name: string): boolean {
  return others.has(name) || (name.startsWith('NODE_') && !harmless.has(name));
}

/** The names of those that are set and dropped, sorted; what adds trusted authorities stays with `keepTrust`. */
export function droppedVariables(environment: NodeJS.ProcessEnv, keepTrust: boolean): readonly string[] {
  return Object.keys(environment)
    .filter((name) => isNodes(name) && !(keepTrust && trust.has(name)))
    .sort();
}

/** A copy without them, for a process that is to be started. */
export function cleanEnvironment(environment: NodeJS.ProcessEnv, keepTrust = false): Record<string, string> {
  const dropped = new Set(droppedVariables(environment, keepTrust));
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !dropped.has(entry[0]),
  );
  return Object.fromEntries(kept);
}
