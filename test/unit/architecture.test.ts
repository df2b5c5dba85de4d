import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/**
 * Which room may import which. The longest matching prefix of a path is its room; a room may always import itself,
 * `errors.ts`, and packages. Type-only imports count.
 */
const may: Record<string, readonly string[]> = {
  'main.ts': ['*'],
  cli: ['*'],
  server: ['*'],
  'errors.ts': [],
  config: ['spiffe', 'lib'],
  spiffe: ['lib'],
  'identity/attestation': ['spiffe', 'lib'],
  'identity/registration': ['spiffe', 'lib'],
  'identity/pki': ['../certs', 'spiffe', 'lib'],
  /** What the authority gives and delivery takes. */
  'identity/source': ['identity/pki', 'spiffe', 'lib'],
  'identity/authority': ['../certs', 'identity/source', 'identity/pki', 'spiffe', 'lib'],
  'identity/delivery': [
    'identity/source',
    'identity/attestation',
    'identity/registration',
    'identity/pki',
    'spiffe',
    'transport',
    'gen',
    'lib',
  ],
  policy: ['spiffe', 'lib'],
  authz: ['policy', 'identity/pki', 'spiffe', 'gen', 'lib'],
  analysis: ['policy', 'authz', 'spiffe', 'lib'],
  transport: ['gen', 'lib'],
  platform: ['identity/authority', 'identity/registration', 'spiffe', 'lib'],
  lib: [],
  gen: [],
  /** Certificate profiles: data alone. */
  '../certs': [],
};

const roomOf = (file: string): string => {
  const rooms = Object.keys(may).filter((room) => file === room || file.startsWith(`${room}/`));
  const room = rooms.sort((a, b) => b.length - a.length)[0];
  assert.ok(room, `src/${file} is in no room of the table`);
  return room;
};

const allowed = (from: string, to: string): boolean =>
  from === to || to === 'errors.ts' || may[from]!.some((room) => room === '*' || room === to);

interface Arrow {
  readonly from: string;
  readonly to: string;
}

function arrows(): Arrow[] {
  const out: Arrow[] = [];
  for (const from of globSync('**/*.ts', { cwd: 'src' })) {
    if (from.startsWith('gen/')) continue;
    for (const [, specifier] of readFileSync(join('src', from), 'utf8').matchAll(
      /(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g,
    )) {
      out.push({ from, to: normalize(join(dirname(from), specifier!)) });
    }
  }
  return out;
}

describe('import arrows', () => {
  it('reads some arrows at all', () => assert.ok(arrows().length > 10));

  it('go only where the table of rooms allows', () => {
    const wrong = arrows().filter(({ from, to }) => !allowed(roomOf(from), roomOf(to)));
    assert.deepEqual(wrong, []);
  });

  it('would see an arrow that is not allowed', () => {
    assert.equal(allowed('policy', 'authz'), false);
    assert.equal(allowed('identity/authority', 'authz'), false);
  });

  it('lead to src/lib only from rooms, and lib speaks of no domain word', () => {
    for (const file of globSync('lib/**/*.ts', { cwd: 'src' })) {
      assert.doesNotMatch(readFileSync(join('src', file), 'utf8'), /spiffe|svid|policy(?!\w)|envoy(?!\s)/i, file);
    }
  });
});
