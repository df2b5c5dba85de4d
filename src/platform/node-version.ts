/**
 * The Node that the program needs.
 * @module
 */

const LEAST_MAJOR = 24;

/** What there is to say of a Node that is too old; undefined of one that will do. Loads nothing that such a Node could not. */
export function nodeTooOld(version: string): string | undefined {
  if (Number(version.split('.', 1)[0]) >= LEAST_MAJOR) return undefined;
  return `gatehouse: this is Node ${version}, and it needs ${LEAST_MAJOR} or newer: start bin/gatehouse, which takes the Node that came with it`;
}
