/**
 * Metrics of the token that the authority's keys are on.
 * @module
 */
import { Gauge, type Registry } from 'prom-client';

/** Registers them; answers what sets them. Without a token they are absent. */
export function createTokenMetrics(register: Registry): (up: boolean) => void {
  const up = new Gauge({
    name: 'gatehouse_key_token_up',
    help: "1 while the token of the authority's keys can be used.",
    registers: [register],
  });
  up.remove();
  return (isUp) => up.set(isUp ? 1 : 0);
}
