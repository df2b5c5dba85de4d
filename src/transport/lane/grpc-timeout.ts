/**
 * Reads the `grpc-timeout` header.
 * @module
 */

const unitMs: ReadonlyMap<string, number> = new Map(
  Object.entries<number>({ H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }),
);

/**
 * Milliseconds that `text` grants, e.g. 200 for `200m`; NaN when it is not one to eight digits and a unit.
 *
 * @see gRPC over HTTP/2, "Timeout"
 */
export function parseGrpcTimeout(text: string): number {
  const match = /^(\d{1,8})([HMSmun])$/.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * unitMs.get(match[2]!)!;
}
