/** Ends a switch over a closed union: compiles only if every case was handled. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected case: ${String(value)}`);
}
