/**
 * The sections of the benchmark, in the order in which they run.
 * @module
 */
import { admission } from './admission.ts';
import { growth } from './growth/growth.ts';
import { httpAuth } from './http-auth.ts';
import { kubernetes } from './kubernetes/kubernetes.ts';
import type { Section } from './lib/figures.ts';
import type { Settings } from './lib/settings.ts';
import { queued, reload, startAndMemory } from './life.ts';
import { native } from './native.ts';
import { nativeDelivery } from './native-delivery.ts';
import { nativeEnvoy } from './native-envoy/native-envoy.ts';
import { nativePods } from './native-pods.ts';
import { checksWhileIssuing, consolePage, decisions, issuance, keyToken } from './programs.ts';
import { againstNca } from './proofs/against-nca.ts';
import { proofs } from './proofs/proofs.ts';
import { saturate } from './saturate.ts';
import { envoyLatency, envoyMost, envoySettings } from './through-envoy.ts';

interface Measurement {
  /** Builds or finds other programs first. */
  readonly needsPeers: boolean;
  /** Is left out unless everything is asked for, or this. */
  readonly onlyFull?: boolean;
  measure(settings: Settings): Promise<readonly Section[]>;
}

export const sections: Readonly<Record<string, Measurement>> = {
  decision: { needsPeers: false, measure: async (settings) => [await decisions(settings)] },
  saturate: { needsPeers: true, measure: async (settings) => [await saturate(settings)] },
  'saturate-miss': {
    needsPeers: true,
    onlyFull: true,
    measure: async (settings) => [await saturate(settings, 'miss')],
  },
  'envoy-latency': { needsPeers: true, measure: async (settings) => [await envoyLatency(settings)] },
  'envoy-most': { needsPeers: true, measure: async (settings) => [await envoyMost(settings)] },
  'envoy-settings': { needsPeers: true, onlyFull: true, measure: async (settings) => [await envoySettings(settings)] },
  start: { needsPeers: false, measure: async (settings) => [await startAndMemory(settings)] },
  queued: { needsPeers: false, measure: async () => [await queued()] },
  reload: { needsPeers: true, measure: async (settings) => [await reload(settings)] },
  admission: { needsPeers: false, measure: async () => [await admission()] },
  'http-auth': { needsPeers: false, measure: async (settings) => [await httpAuth(settings)] },
  issuance: { needsPeers: false, measure: async (settings) => [await issuance(settings)] },
  'key-token': { needsPeers: false, measure: async (settings) => [await keyToken(settings)] },
  native: { needsPeers: false, measure: async () => [native(), nativePods()] },
  proofs: { needsPeers: false, onlyFull: true, measure: async () => [proofs()] },
  'proofs-nca': { needsPeers: false, onlyFull: true, measure: async (settings) => [againstNca(settings)] },
  'native-delivery': { needsPeers: false, measure: nativeDelivery },
  'native-envoy': { needsPeers: false, onlyFull: true, measure: nativeEnvoy },
  growth: { needsPeers: false, onlyFull: true, measure: async (settings) => [await growth(settings)] },
  kubernetes: { needsPeers: false, onlyFull: true, measure: async (settings) => [await kubernetes(settings)] },
  console: { needsPeers: false, onlyFull: true, measure: async () => [await consolePage()] },
  'checks-while-issuing': { needsPeers: false, measure: async (settings) => [await checksWhileIssuing(settings)] },
};
