/**
 * A request as a command that people can run.
 * @module
 */
import type { Identity, Request } from './case.ts';

/** A `curl` line; for a TCP connection a description of it. */
export function curlLine(request: Request): string {
  const { identity, h2 = false, method = 'GET', path = '/', host = 'example.com', port = '8080' } = request;
  const scheme = identity === undefined || identity.plain === true ? 'http' : 'https';
  const by = certificate(identity);
  const from = request.source === undefined ? '' : ` --interface ${request.source}`;
  if (request.tcp === true)
    return `TCP connection to port ${port}${from.replace(' --interface', ' from')} ${by}${sni(request)}`.trimEnd();
  const words = [
    'curl -sik --path-as-is',
    ...(h2 ? ['--http2-prior-knowledge'] : []),
    `-X ${quoted(method)}`,
    `-H ${quoted(`host: ${host}`)}`,
  ];
  for (const [name, value] of request.headers ?? [])
    words.push(`-H ${quoted(value === '' ? `${name};` : `${name}: ${value}`)}`);
  const target = /^(\/|\?|#|$)/.test(path) ? '' : ` --request-target ${quoted(path)}`;
  const url = `${scheme}://${request.destination ?? 'DESTINATION'}:${port}${target === '' ? path : '/'}`;
  return `${words.join(' ')}${target}${from}${by}${sni(request)} ${quoted(url)}`;
}

const sni = ({ sni: name }: Request): string => (name === undefined || name === '' ? '' : ` # SNI ${name}`);

/** There is no file of it to name: what must be in the certificate. */
function certificate(identity: Identity | undefined): string {
  if (identity === undefined || identity.plain === true || identity.noCert === true) return '';
  const names = [...(identity.uris ?? []), ...(identity.dns ?? []), ...(identity.emails ?? []), identity.subject ?? ''];
  return ` --cert ${quoted(names.filter((name) => name !== '').join(' ') || 'nameless')}`;
}

const quoted = (text: string): string =>
  /^[\w./:@%+=,-]+$/.test(text)
    ? text
    : /[^\x20-\x7e]/.test(text)
      ? `$'${escaped(text)}'`
      : `'${text.replaceAll("'", `'\\''`)}'`;

const escaped = (text: string): string =>
  text.replace(/[^\x20-\x7e]|['\\]/g, (char) =>
    char === "'" || char === '\\' ? `\\${char}` : `\\x${(char.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}`,
  );
