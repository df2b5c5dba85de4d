/**
 * The one name that an object built member by member cannot take in: `__proto__`. A schema that copies what it reads drops it, and
 * what was asked would be answered as if it were not there.
 * @module
 */

export const LOST_NAME = '__proto__';
export const LOST_NAME_MESSAGE = `no name may be ${LOST_NAME}`;

/** Finds the first member called `__proto__` of parsed JSON, however deep: its path; undefined without one. */
export function pathOfLostName(value: unknown): readonly string[] | undefined {
  const waiting: { readonly value: unknown; readonly path: Path | undefined }[] = [{ value, path: undefined }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue;
    for (const [name, member] of Object.entries(next.value)) {
      const path = { name, before: next.path };
      if (name === LOST_NAME) return namesOf(path);
      waiting.push({ value: member, path });
    }
  }
  return undefined;
}

/** From the member outwards: a path that is as deep as its text is long is written out only once. */
interface Path {
  readonly name: string;
  readonly before: Path | undefined;
}

function namesOf(path: Path): string[] {
  const names: string[] = [];
  for (let each: Path | undefined = path; each !== undefined; each = each.before) names.push(each.name);
  return names.reverse();
}
