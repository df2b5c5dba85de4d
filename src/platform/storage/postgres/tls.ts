/**
 * TLS to PostgreSQL: where the address asks for a server that is verified, nothing in the environment takes that back.
 * @module
 */

/** The modes that ask for encryption and no more, as libpq has them. */
const unverified: ReadonlySet<string> = new Set(['', 'disable', 'false', 'allow', 'prefer', 'require']);

/**
 * The driver's option for `sslmode` of an address, or of PGSSL; empty where the driver's own reading of it stands.
 *
 * @param url  `postgres://…`, of one host or several
 */
export function verifiedTls(url: string): { readonly ssl?: { readonly rejectUnauthorized: true } } {
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  const isSystem = query.get('sslrootcert') === 'system';
  const mode = isSystem ? 'verify-full' : (query.get('sslmode') ?? query.get('ssl') ?? process.env['PGSSL'] ?? '');
  return unverified.has(mode) ? {} : { ssl: { rejectUnauthorized: true } };
}
