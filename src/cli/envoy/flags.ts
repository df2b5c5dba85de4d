/**
 * Turns the flags of `gatehouse envoy bootstrap` into options, or says which flag is wrong and how to write it.
 * @module
 */
import { parseDuration } from '../../config/duration.ts';
import { deciderIdOf } from '../../spiffe/own-ids.ts';
import { parseSpiffeId, type SpiffeId } from '../../spiffe/spiffe-id.ts';
import { parseTrustDomain, type TrustDomain } from '../../spiffe/trust-domain.ts';
import { type Address, invalid, isLocal, parseAddress, parseTarget } from './address.ts';
import type { Inbound, Outbound, PathCleaning, SidecarOptions } from './options.ts';

/** The flags as text, as the command line gives them. */
export interface BootstrapFlags {
  readonly workload: string;
  readonly trustDomain: string;
  readonly listen?: string;
  readonly upstream?: string;
  readonly upstreamProtocol: string;
  readonly outbound: readonly string[];
  readonly label: readonly string[];
  readonly protocol: string;
  readonly serverSpeaksFirst: boolean;
  readonly sds: string;
  readonly extAuthz: string;
  readonly extAuthzTls: boolean;
  readonly extAuthzId?: string;
  readonly timeout: string;
  readonly maxConnectionDuration: string;
  readonly paths: string;
  readonly gateway: boolean;
  readonly trustedHops: string;
  readonly federated: boolean;
  readonly native?: boolean;
  readonly xds?: string;
  readonly xdsId?: string;
  readonly reports?: string;
  readonly reportsId?: string;
  readonly admin: string;
  readonly accessLog: string;
}

/**
 * Reads and checks all flags.
 *
 * @throws GatehouseError `config_invalid`, `spiffe_id_invalid` or `trust_domain_invalid`, naming the flag or the value
 */
export function readFlags(flags: BootstrapFlags): SidecarOptions {
  const trustDomain = parseTrustDomain(flags.trustDomain);
  const protocol = oneOf(flags.protocol, ['http', 'tcp'] as const, '--protocol');
  const inbound = readInbound(flags);
  const outbound = flags.outbound.map((text) => readOutbound(text, trustDomain));
  if (inbound === undefined && outbound.length === 0) {
    throw invalid('--listen', 'give --listen and --upstream, or --outbound, or both', '');
  }
  if (flags.serverSpeaksFirst && protocol === 'http') {
    throw invalid('--server-speaks-first', 'this is for --protocol tcp', 'http');
  }
  if (flags.gateway && protocol === 'tcp') throw invalid('--gateway', 'a gateway needs --protocol http', 'tcp');
  return {
    spiffeId: workloadId(flags.workload, trustDomain, '--workload'),
    trustDomain,
    labels: Object.fromEntries(flags.label.map(readLabel)),
    protocol,
    inbound,
    outbound,
    sds: readSds(flags.sds),
    ...readExtAuthz(flags, trustDomain),
    serverSpeaksFirst: flags.serverSpeaksFirst,
    timeoutMs: readDuration(flags.timeout, '--timeout', '1h'),
    maxConnectionMs: readDuration(flags.maxConnectionDuration, '--max-connection-duration', '365d', 'no limit'),
    paths: oneOf<PathCleaning>(flags.paths, ['strict', 'istio'], '--paths'),
    trustedHops: readTrustedHops(flags),
    federated: flags.federated,
    native: readNative(flags),
    xds: readNear(flags, trustDomain, 'xds'),
    reports: readNear(flags, trustDomain, 'reports'),
    admin: readAdmin(flags.admin),
    accessLog: flags.accessLog,
  };
}

function readInbound(flags: BootstrapFlags): Inbound | undefined {
  if (flags.listen === undefined && flags.upstream === undefined) return undefined;
  if (flags.listen === undefined) throw invalid('--listen', '--upstream needs it too', '');
  if (flags.upstream === undefined) throw invalid('--upstream', '--listen needs it too', '');
  return {
    listen: parseAddress(flags.listen, '--listen'),
    upstream: parseTarget(flags.upstream, '--upstream'),
    upstreamProtocol: oneOf(flags.upstreamProtocol, ['http1', 'http2'] as const, '--upstream-protocol'),
    tls: flags.gateway ? 'plain' : 'mtls',
  };
}

/** `LISTEN=SERVER=IDENTITY`, e.g. `127.0.0.1:9080=10.0.0.7:8443=default/details`. */
function readOutbound(text: string, trustDomain: TrustDomain): Outbound {
  const [listen, server, identity, ...rest] = text.split('=');
  if (!listen || !server || !identity || rest.length > 0) {
    throw invalid('--outbound', `${JSON.stringify(text)} is not LISTEN=SERVER=NAMESPACE/SERVICEACCOUNT`, text);
  }
  const at = parseAddress(listen, '--outbound');
  if (!isLocal(at)) {
    const why = `${listen} can be reached from other machines, which could then use this workload's identity; use 127.0.0.1`;
    throw invalid('--outbound', why, text);
  }
  return {
    listen: at,
    server: parseTarget(server, '--outbound'),
    serverId: workloadId(identity, trustDomain, '--outbound'),
  };
}

/** @throws GatehouseError `config_invalid`, naming the flag */
export function workloadId(text: string, trustDomain: TrustDomain, flag: string): SpiffeId {
  if (text.startsWith('spiffe://')) return parseSpiffeId(text);
  const [namespace, account, ...rest] = text.split('/');
  if (!namespace || !account || rest.length > 0) {
    throw invalid(flag, `${JSON.stringify(text)} is neither NAMESPACE/SERVICEACCOUNT nor a SPIFFE ID`, text);
  }
  return parseSpiffeId(`spiffe://${trustDomain}/ns/${namespace}/sa/${account}`);
}

/** @throws GatehouseError `config_invalid` */
export function readLabel(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw invalid('--label', `${JSON.stringify(text)} is not KEY=VALUE`, text);
  return [text.slice(0, at), text.slice(at + 1)];
}

function readSds(text: string): Address {
  const address = parseAddress(text, '--sds');
  if (address.kind !== 'unix') {
    throw invalid('--sds', 'certificates come over a unix socket only, so that the kernel says who asks', text);
  }
  return address;
}

function readExtAuthz(
  flags: BootstrapFlags,
  trustDomain: TrustDomain,
): Pick<SidecarOptions, 'extAuthz' | 'extAuthzId'> {
  const extAuthz = parseTarget(flags.extAuthz, '--ext-authz');
  const usualId = flags.extAuthzTls ? deciderIdOf(trustDomain) : undefined;
  const extAuthzId = flags.extAuthzId === undefined ? usualId : parseSpiffeId(flags.extAuthzId);
  if (!isLocal(extAuthz) && extAuthzId === undefined) {
    const why =
      'an address on another machine needs mTLS: add --ext-authz-tls, or --ext-authz-id with another SPIFFE ID';
    throw invalid('--ext-authz', why, flags.extAuthz);
  }
  return { extAuthz, extAuthzId };
}

function readNative({ native, listen }: BootstrapFlags): boolean {
  if (native !== true) return false;
  const flag = '--native';
  if (listen === undefined) throw invalid(flag, 'only requests at --listen are decided', '');
  return true;
}

/** A listener of Gatehouse for Envoys that decide themselves: `--xds`, `--reports`. */
function readNear(flags: BootstrapFlags, trustDomain: TrustDomain, name: 'xds' | 'reports'): SidecarOptions['xds'] {
  const [address, id] = [flags[name], flags[`${name}Id`]];
  if (address === undefined && id === undefined) return undefined;
  if (flags.native !== true)
    throw invalid(`--${name}`, 'only an Envoy that decides itself needs it: add --native', address ?? '');
  if (address === undefined) throw invalid(`--${name}-id`, `--${name} must name the address`, id ?? '');
  return {
    address: parseTarget(address, `--${name}`),
    id: id === undefined ? deciderIdOf(trustDomain) : parseSpiffeId(id),
  };
}

function readAdmin(text: string): Address | undefined {
  if (text === 'off') return undefined;
  const address = parseAddress(text, '--admin');
  if (!isLocal(address))
    throw invalid('--admin', "Envoy's admin pages have no login; use 127.0.0.1, unix: or off", text);
  return address;
}

/**
 * A duration of a sidecar's, in milliseconds. `0` (also `0s` and its like) has the meaning that `zero` says, or none.
 *
 * @throws GatehouseError `config_invalid`
 */
export function readDuration(text: string, flag: string, most: string, zero?: 'no limit'): number {
  const ms = text === '0' ? 0 : parseDuration(text);
  const isGood = ms !== undefined && ms <= parseDuration(most)! && (ms > 0 || zero !== undefined);
  if (isGood) return ms;
  const least = zero === undefined ? 'from 1ms to' : 'up to';
  const why = `${JSON.stringify(text)} is not a duration like 300ms or 1h, ${least} ${most}`;
  throw invalid(
    flag,
    zero === undefined ? `${why}; 0 would let a request wait for ever` : `${why}, or 0 for no limit`,
    text,
  );
}

function readTrustedHops({ gateway, trustedHops }: BootstrapFlags): number | undefined {
  const flag = '--trusted-hops';
  if (!/^(0|[1-9][0-9]{0,2})$/.test(trustedHops)) {
    throw invalid(flag, `${JSON.stringify(trustedHops)} is not a number from 0 to 999`, trustedHops);
  }
  if (gateway) return Number(trustedHops);
  if (trustedHops !== '0') throw invalid(flag, 'only a --gateway has proxies in front', trustedHops);
  return undefined;
}

function oneOf<T extends string>(text: string, allowed: readonly T[], flag: string): T {
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw invalid(flag, `${JSON.stringify(text)} is not one of ${allowed.join(', ')}`, text);
  return found;
}
