/**
 * How long what is signed may live: long enough to hold at all, and short enough that its authority can be replaced in time.
 * @module
 */
import type { Config } from './config.ts';
import type { Problem } from './finding.ts';

/** Certificates and tokens tell whole seconds: what lives less than one can be over before it begins. */
const LEAST_MS = 1_000;

/** A life that the configuration gives to what is signed. */
interface WrittenLife {
  readonly path: readonly (string | number)[];
  readonly field: 'x509SvidTtl' | 'jwtSvidTtl';
  readonly ttlMs: number;
  /** Whom it is for, where it is not for all. */
  readonly spiffeId?: string;
}

/** Every life of the configuration that cannot be kept. */
export function* lifeProblems(config: Config): Iterable<Problem> {
  for (const each of livesOf(config)) {
    if (each.ttlMs < LEAST_MS) yield tooShort(each);
    else yield* tooLong(each, config);
  }
}

/** An entry without a life of its own has that of the authority, which is judged once. */
function livesOf({ authority, entries }: Config): WrittenLife[] {
  const fields = ['x509SvidTtl', 'jwtSvidTtl'] as const;
  return fields.flatMap((field) => [
    { path: ['authority', field], field, ttlMs: authority[`${field}Ms`] },
    ...entries.flatMap(({ spiffeId, [`${field}Ms` as const]: ttlMs }, i) =>
      ttlMs === authority[`${field}Ms`] ? [] : [{ path: ['entries', i, field], field, ttlMs, spiffeId }],
    ),
  ]);
}

function tooShort({ path, field }: WrittenLife): Problem {
  const message = `what lives less than a second may be over before it begins`;
  return { code: 'too-short', path, message, fix: `make ${field} at least 1s` };
}

function* tooLong({ path, field, ttlMs, spiffeId }: WrittenLife, { authority }: Config): Iterable<Problem> {
  const [name, authorityMs] =
    field === 'x509SvidTtl'
      ? ['x509AuthorityTtl', authority.x509AuthorityTtlMs]
      : ['jwtAuthorityTtl', authority.jwtAuthorityTtlMs];
  if (2 * ttlMs <= authorityMs) return;
  const what = spiffeId === undefined ? 'what it signs' : `what it signs for ${spiffeId}`;
  yield {
    code: 'too-long',
    path,
    message: `an authority of ${name} could not be replaced in time: ${what} lives more than half as long`,
    fix: `make ${field} at most half of authority.${name}`,
  };
}
