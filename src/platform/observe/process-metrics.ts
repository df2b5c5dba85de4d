/**
 * Which program this is, and how its process fares.
 * @module
 */
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { programVersion } from '../../lib/version.ts';

/** Adds `gatehouse_build_info`, and prom-client's own metrics of a process: CPU, memory, event loop, garbage. */
export function addProcessMetrics(register: Registry): void {
  const labels = {
    version: programVersion(),
    node: process.versions.node,
    openssl: process.versions.openssl,
    arch: process.arch,
  };
  new Gauge({
    name: 'gatehouse_build_info',
    help: 'Always 1; its labels say what runs.',
    labelNames: Object.keys(labels),
    registers: [register],
  }).set(labels, 1);
  collectDefaultMetrics({ register });
}
