/**
 * Reads a line of an Envoy's access log: a request that the Envoy has decided itself.
 * @module
 */
import type { Address } from '../../gen/envoy/config/core/v3/address_pb.ts';
import { RequestMethodSchema } from '../../gen/envoy/config/core/v3/base_pb.ts';
import type {
  AccessLogCommon,
  HTTPAccessLogEntry,
  TCPAccessLogEntry,
  TLSProperties_CertificateProperties,
} from '../../gen/envoy/data/accesslog/v3/accesslog_pb.ts';
import type { Reason } from '../../policy/decision.ts';
import {
  DECIDED,
  decidedKey,
  foundKey,
  NETWORK_RBAC_METADATA,
  POLICY_PREFIX,
  RBAC_METADATA,
  REVOCATIONS_PREFIX,
  REVOKED,
} from './names.ts';

/** What an Envoy says that it has decided, and of which request or connection. */
export interface ReportedLine {
  readonly protocol: 'http' | 'tcp';
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly effect: 'allow' | 'deny';
  readonly reason: Reason;
  /** The policy that decided and the index of its rule; undefined where none did. */
  readonly policy: { readonly namespace: string; readonly name: string; readonly rule: number | undefined } | undefined;
  /** Of the caller's certificate; `''`: none. */
  readonly caller: string;
  /** Of that certificate: every URI, every DNS name, the subject; none without one. */
  readonly names: readonly string[];
  /** `''`: none is said. */
  readonly sni: string;
  /** Of the certificate that the Envoy itself has shown; `''`: none. */
  readonly shown: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  /** -1: not said. */
  readonly port: number;
  readonly method: string;
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  readonly requestId: string;
}

/** Longer ones are cut. */
const MOST = { requestId: 128, text: 2_048, names: 64 } as const;

/** Undefined for what Gatehouse was asked about, or a policy in Envoy has not looked at. */
export function reportedLine(entry: HTTPAccessLogEntry): ReportedLine | undefined {
  const { commonProperties: common, request } = entry;
  const fields = common?.metadata?.filterMetadata[RBAC_METADATA] ?? {};
  const [revoked, decided] = [REVOCATIONS_PREFIX, POLICY_PREFIX].map((prefix) => fields[decidedKey(prefix)]);
  const name = typeof decided === 'string' ? decided : '';
  const isRevoked = revoked === REVOKED;
  if (!isRevoked && !name.startsWith(DECIDED)) return undefined;
  const effect = isRevoked || fields[RESULT] !== 'allowed' ? 'deny' : 'allow';
  return {
    ...{ protocol: 'http', effect },
    ...connectionOf(common),
    ...(isRevoked ? { reason: 'revoked', policy: undefined } : meaningOf(name, effect)),
    method: RequestMethodSchema.value[request?.requestMethod ?? 0]?.name ?? '',
    host: cut(request?.authority ?? '', MOST.text),
    path: cut((request?.path ?? '').split(/[?#]/, 1)[0]!, MOST.text), // the first part is always there
    requestId: cut(request?.requestId ?? '', MOST.requestId),
  };
}

/** The same of a connection; its effect is said by the name alone. */
export function reportedConnection({ commonProperties: common }: TCPAccessLogEntry): ReportedLine | undefined {
  const name = common?.metadata?.filterMetadata[NETWORK_RBAC_METADATA]?.[foundKey(POLICY_PREFIX)];
  if (typeof name !== 'string' || !name.startsWith(DECIDED)) return undefined;
  const effect = allowing.some((start) => name.startsWith(start)) ? 'allow' : 'deny';
  return {
    ...{ protocol: 'tcp', effect },
    ...connectionOf(common),
    ...(name === REVOKED ? { reason: 'revoked', policy: undefined } : meaningOf(name, effect)),
    ...{ method: '', host: '', path: '', requestId: '' },
  };
}

/** Actions that allow. */
const allowing = [`${DECIDED}allow/`, `${DECIDED}no-policy-applies`];

function connectionOf(common: AccessLogCommon | undefined) {
  const tls = common?.tlsProperties;
  const remote = socketOf(common?.downstreamDirectRemoteAddress ?? common?.downstreamRemoteAddress);
  return {
    at: common?.startTime === undefined ? 0 : Number(common.startTime.seconds) * 1000 + common.startTime.nanos / 1e6,
    caller: uriOf(tls?.peerCertificateProperties),
    names: namesOf(tls?.peerCertificateProperties),
    sni: cut(tls?.tlsSniHostname ?? '', MOST.text),
    shown: uriOf(tls?.localCertificateProperties),
    sourceAddress: remote.address,
    sourcePort: remote.port,
    port: common?.downstreamLocalAddress === undefined ? -1 : socketOf(common.downstreamLocalAddress).port,
  };
}

const RESULT = `${POLICY_PREFIX}enforced_engine_result`;

/** What the name of an action stands for; `n:allow/default/details-viewer#0`, or a word. */
function meaningOf(name: string, effect: 'allow' | 'deny'): Pick<ReportedLine, 'reason' | 'policy'> {
  const [, kind = '', namespace, policy, rule] =
    /^n:([^/]*)(?:\/([^/]*)\/([^#]*)(?:#([0-9]{1,6}))?)?$/.exec(name) ?? [];
  const by = namespace === undefined || policy === undefined || policy === '' ? undefined : { namespace, name: policy };
  return {
    reason: words.get(kind) ?? (effect === 'allow' ? 'rule_allowed' : 'rule_denied'),
    policy: by && { ...by, rule: rule === undefined ? undefined : Number(rule) },
  };
}

const words: ReadonlyMap<string, Reason> = new Map([
  ['no-rule-allowed', 'no_rule_allowed'],
  ['no-policy-applies', 'no_policy_applies'],
  ['no-policies', 'no_policies'],
  ['mtls', 'mtls_required'],
]);

type Certificate = TLSProperties_CertificateProperties | undefined;

const uriOf = (certificate: Certificate): string => cut(altNames(certificate, 'uri')[0] ?? '', MOST.text);

/** As a Check knows them, in their order; an Envoy without a certificate to tell of tells of an empty one. */
function namesOf(certificate: Certificate): readonly string[] {
  const subject = certificate?.subject ?? '';
  const names = [
    ...altNames(certificate, 'uri'),
    ...altNames(certificate, 'dns'),
    ...(subject === '' ? [] : [subject]),
  ];
  return names.slice(0, MOST.names).map((name) => cut(name, MOST.text));
}

const altNames = (certificate: Certificate, kind: 'uri' | 'dns'): readonly string[] =>
  certificate?.subjectAltName.flatMap(({ san }) => (san.case === kind ? [san.value] : [])) ?? [];

function socketOf(address: Address | undefined): { readonly address: string; readonly port: number } {
  if (address?.address.case !== 'socketAddress') return { address: '', port: 0 };
  const { address: text, portSpecifier } = address.address.value;
  return { address: text, port: portSpecifier.case === 'portValue' ? portSpecifier.value : 0 };
}

const cut = (text: string, most: number): string => (text.length <= most ? text : text.slice(0, most));
