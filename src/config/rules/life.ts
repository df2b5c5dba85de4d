/**
 * How long what is signed may live: long enough to hold at all, and short enough that its authority can be replaced in time.
 * @module
 */
import type { Config } from '../config.ts';
import type { Problem } from '../finding.ts';

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
  yield* backdateProblems(config);
}

const MOST_BACKDATE_MS = 300_000;
/** What is usual is let be, however short what is signed lives. */
const USUAL_BACKDATE_MS = 10_000;

/**
 * Most programs renew in the middle of what a certificate says: backdated further than that it would be renewed at once, and again.
 * And a new authority must not look old by what it is backdated.
 */
function* backdateProblems({ authority, entries }: Config): Iterable<Problem> {
  const { backdateMs } = authority;
  const path = ['authority', 'backdate'];
  if (backdateMs > MOST_BACKDATE_MS)
    yield {
      code: 'too-long',
      path,
      message: 'backdating is for clocks that are late',
      fix: 'make backdate at most 5m',
    };
  if (backdateMs <= USUAL_BACKDATE_MS) return;
  const leastMs = Math.min(authority.x509SvidTtlMs, ...entries.map(({ x509SvidTtlMs }) => x509SvidTtlMs));
  if (2 * backdateMs > leastMs)
    yield {
      code: 'too-long',
      path,
      message:
        'programs that renew in the middle of a certificate would do so at once: it begins too long before it is signed',
      fix: 'make backdate at most half of the shortest x509SvidTtl, or 10s',
    };
  if (100 * backdateMs > Math.min(authority.x509AuthorityTtlMs, authority.jwtAuthorityTtlMs))
    yield {
      code: 'too-long',
      path,
      message: 'a new authority would look old: it begins too long before it is made',
      fix: 'make backdate at most a hundredth of x509AuthorityTtl and jwtAuthorityTtl, or 10s',
    };
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
