/**
 * The named forms of text and bytes that protoc-gen-validate knows.
 * @module
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { KnownRegex } from '../../gen/validate/validate_pb.ts';

const HOST_LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** RFC 1034 §3.5, at most 253 characters, one dot at the end allowed. */
function isHostname(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return name.length <= 253 && name.split('.').every((label) => HOST_LABEL.test(label));
}

function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  return at > 0 && at <= 64 && text.length <= 254 && !/[\s<>]/.test(text) && isHostname(text.slice(at + 1));
}

/** An absolute URI has a scheme; a reference need not. Neither may hold spaces, controls or broken escapes (RFC 3986). */
function isUriReference(text: string): boolean {
  return !/[\s\x00-\x1f\x7f<>"{}|\\^`]/.test(text) && !/%(?![0-9A-Fa-f]{2})/.test(text);
}

/** Forms that are named by a boolean rule. */
export const textForms: ReadonlyMap<string, (text: string) => boolean> = new Map(
  Object.entries<(text: string) => boolean>({
    email: isEmail,
    hostname: isHostname,
    ip: (text) => isIP(text) !== 0,
    ipv4: isIPv4,
    ipv6: isIPv6,
    uri: (text) => /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) && isUriReference(text),
    uriRef: isUriReference,
    address: (text) => isIP(text) !== 0 || isHostname(text),
    uuid: (text) => /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(text),
  }),
);

const strictForms: Readonly<Record<number, RegExp>> = {
  [KnownRegex.HTTP_HEADER_NAME]: /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/,
  [KnownRegex.HTTP_HEADER_VALUE]: /^[^\x00-\x08\x0a-\x1f\x7f]*$/,
};
const LOOSE_FORM = /^[^\x00\x0a\x0d]*$/;

/** A header's name or value; not strict forbids only what would break a header apart. */
export function hasHeaderForm(text: string, form: KnownRegex, strict: boolean): boolean {
  if (!strict) return LOOSE_FORM.test(text) && (form !== KnownRegex.HTTP_HEADER_NAME || text.length > 0);
  return strictForms[form]?.test(text) ?? true;
}
