/**
 * PeerAuthentication (security.istio.io/v1, v1beta1) → transport policy of the model.
 * @module
 */
import type { PolicyDocument } from '../../../documents/document.ts';
import type { Reporter } from '../../../documents/finding.ts';
import { ownerOf } from '../../../documents/owner.ts';
import { object, type Shape } from '../../../documents/shape.ts';
import { fieldOf, mapAt, textAt, type Value } from '../../../documents/value.ts';
import type { MtlsMode, TransportPolicy } from '../../../model.ts';
import type { Contribution, DialectOptions, KindReader } from '../../contribution.ts';
import { checkReservedAnnotations, refuseDryRun } from './annotations.ts';
import { refOf } from './authorization-policy.ts';
import { checkSelector, selectorShape, subjectOf } from './subject.ts';

const modes: ReadonlyMap<string, MtlsMode> = new Map(
  Object.entries<MtlsMode>({
    UNSET: 'unset',
    DISABLE: 'disable',
    PERMISSIVE: 'permissive',
    STRICT: 'strict',
  }),
);

const mtls: Shape = object({ mode: { is: 'text', oneOf: [...modes.keys()] } });

/** Reader of PeerAuthentication. */
export const peerAuthenticationReader: KindReader = {
  dialect: 'istio',
  group: 'security.istio.io',
  kind: 'PeerAuthentication',
  versions: ['v1', 'v1beta1'],
  namespaced: true,
  fields: { spec: object({ selector: selectorShape, mtls, portLevelMtls: { is: 'map', of: mtls, min: 1 } }) },
  read,
};

function read(document: PolicyDocument, options: DialectOptions, report: Reporter): Contribution | undefined {
  const spec = mapAt(document.root, 'spec');
  checkReservedAnnotations(document, report);
  refuseDryRun(document, report);
  checkSelector(spec, report);
  const subject = subjectOf(document, spec, options);
  const ports = portsOf(spec, report);
  const selects = subject.labels.length > 0;
  const perPort = fieldOf(spec, 'portLevelMtls');
  if (perPort !== undefined && !selects) {
    report.error(
      perPort,
      'port-level-needs-selector',
      'spec.portLevelMtls',
      'modes for ports need a selector with labels',
      'add spec.selector.matchLabels',
    );
  }
  warnOfMode(spec, report);
  if (selects && subject.namespace === undefined) {
    const place = fieldOf(spec, 'selector') ?? document.place;
    const message = 'a PeerAuthentication with a selector does nothing in the root namespace';
    report.warning(
      place,
      'selector-in-root-namespace',
      'spec.selector',
      message,
      "put it into the workload's own namespace",
    );
    return undefined;
  }
  const policy: TransportPolicy = {
    ref: refOf(document),
    position: { file: document.file, ...document.place },
    owner: ownerOf(document),
    scope: selects ? 'workload' : subject.namespace === undefined ? 'mesh' : 'namespace',
    subject,
    createdAtMs: document.createdAtMs,
    mode: modeOf(mapAt(spec, 'mtls')),
    ports,
  };
  return { to: 'istio-transport', policy };
}

function modeOf(value: Value | undefined): MtlsMode {
  return modes.get(textAt(value, 'mode') ?? 'UNSET') ?? 'unset';
}

function portsOf(spec: Value | undefined, report: Reporter): readonly (readonly [number, MtlsMode])[] {
  const out: [number, MtlsMode][] = [];
  for (const [key, entry] of mapAt(spec, 'portLevelMtls')?.entries ?? []) {
    const port = /^[1-9][0-9]*$/.test(key) ? Number(key) : 0;
    if (port >= 1 && port <= 65535) out.push([port, modeOf(entry.value)]);
    else
      report.error(
        entry.key,
        'port-invalid',
        `spec.portLevelMtls.${key}`,
        `${JSON.stringify(key)} is not a port`,
        'write a number from 1 to 65535',
      );
  }
  return out;
}

function warnOfMode(spec: Value | undefined, report: Reporter): void {
  const mode = fieldOf(mapAt(spec, 'mtls'), 'mode');
  if (mode?.is !== 'text' || mode.text !== 'DISABLE') return;
  const message = 'DISABLE asks nothing of a caller here: a Check cannot refuse TLS that is there';
  report.warning(
    mode,
    'mtls-disable',
    'spec.mtls.mode',
    message,
    'use PERMISSIVE to say the same, STRICT to demand a certificate',
  );
}
