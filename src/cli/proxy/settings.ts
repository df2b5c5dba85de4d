/**
 * What a proxy's configuration is printed from: the flags, checked so that nothing of them could mean more than it says.
 * @module
 */
import { GatehouseError } from '../../errors.ts';
import type { Version } from './versions.ts';

/** A place in a configuration: `HOST:PORT`, or `unix:PATH`. */
export type Place = { readonly host: string; readonly port: number } | { readonly unix: string };

/** What is printed. */
export interface ProxySettings {
  readonly version: Version;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly trustDomain: string;
  /** Where strangers connect. */
  readonly listen: { readonly host: string; readonly port: number };
  /** The application. */
  readonly upstream: { readonly host: string; readonly port: number };
  /** `listen.httpAuth`. */
  readonly gatehouse: Place;
  /** Where `svid watch` leaves certificates, or from where Envoy gets them. */
  readonly certificates: string;
  /** Lower-case names that policies read; Envoy passes on no others. */
  readonly headersRead: readonly string[];
  /** Lower-case names that tokens are turned into. */
  readonly headersWritten: readonly string[];
}

/** One file of a configuration. */
export interface PrintedFile {
  readonly name: string;
  readonly text: string;
}

/** A whole configuration, and what has to be done besides. */
export interface Printed {
  readonly files: readonly PrintedFile[];
  /** The command that keeps certificates fresh; undefined where the proxy gets them itself. */
  readonly certificates: string | undefined;
}

const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const HOST = /^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})$/;
const PATH = /^\/[A-Za-z0-9._\-/]+$/;
const HEADER = /^[a-z0-9-]{1,64}$/;

const invalid = (flag: string, fix: string, given: string): GatehouseError =>
  new GatehouseError('config_invalid', `${flag} ${JSON.stringify(given)}: ${fix}`, { flag });

/** `NAMESPACE/SERVICEACCOUNT`. @throws GatehouseError `config_invalid` */
export function workloadOf(text: string): Pick<ProxySettings, 'namespace' | 'serviceAccount'> {
  const [namespace = '', serviceAccount = '', ...more] = text.split('/');
  if (more.length > 0 || !NAME.test(namespace) || !NAME.test(serviceAccount))
    throw invalid('--workload', 'write NAMESPACE/SERVICEACCOUNT', text);
  return { namespace, serviceAccount };
}

/** `HOST:PORT`. @throws GatehouseError `config_invalid` */
export function tcpOf(text: string, flag: string): { readonly host: string; readonly port: number } {
  const match = HOST.exec(text);
  if (match === null || Number(match[2]) > 65_535) throw invalid(flag, 'write HOST:PORT', text);
  return { host: match[1]!, port: Number(match[2]) };
}

const LOOPBACK = /^(localhost|127\.[0-9.]+|\[::1\])$/;

/** Where Gatehouse is: beside the proxy. @throws GatehouseError `config_invalid` */
export function gatehouseOf(text: string): Place {
  if (text.startsWith('unix:')) return { unix: pathOf(text.slice('unix:'.length), '--gatehouse') };
  const place = tcpOf(text, '--gatehouse');
  if (!LOOPBACK.test(place.host))
    throw invalid('--gatehouse', 'a proxy asks on loopback or a unix socket, where nobody else can answer', text);
  return place;
}

/** An absolute path of plain characters. @throws GatehouseError `config_invalid` */
export function pathOf(text: string, flag: string): string {
  if (!PATH.test(text)) throw invalid(flag, 'write an absolute path of letters, digits and . _ - /', text);
  return text;
}

/** Names of headers, each once. @throws GatehouseError `config_invalid` */
export function headersOf(names: readonly string[], flag: string): readonly string[] {
  const all = names.map((name) => name.toLowerCase());
  const wrong = all.find((name) => !HEADER.test(name));
  if (wrong !== undefined) throw invalid(flag, 'name a header of letters, digits and -', wrong);
  return [...new Set(all)].sort();
}

/** `HOST:PORT` again. */
export const addressText = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `${host}:${port}`;

/** What a proxy asks for. */
export const checkPath = (proxy: string, { namespace, serviceAccount }: ProxySettings): string =>
  `/check/${proxy}/${namespace}/${serviceAccount}`;

/** Keeps `svid.pem`, `key.pem` and `bundle.pem` fresh, and lets the proxy read them again. */
export function watchCommand({ certificates, trustDomain, ...asked }: ProxySettings, exec: string): string {
  const id = `spiffe://${trustDomain}/ns/${asked.namespace}/sa/${asked.serviceAccount}`;
  return `gatehouse svid watch --id ${id} --write ${certificates} --exec '${exec}'`;
}

/** Headers of an answer that the application gets, as the field writes them. */
export const copiedHeaders = ({ headersWritten }: ProxySettings): readonly string[] => [
  'X-Gatehouse-Id',
  ...headersWritten,
];
