/**
 * The forms of names that the API server takes: of objects, labels, ports.
 * @module
 */

const DNS_LABEL = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const dnsLabel = new RegExp(`^${DNS_LABEL}$`);
const dnsSubdomain = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`);
const qualified = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const portName = /^(?=.*[a-z])(?!.*--)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

/** Whether a text is a DNS-1123 label: a namespace, a Service. @param most  characters */
export const isDnsLabel = (text: string, most = 63): boolean => text.length <= most && dnsLabel.test(text);

/** Whether a text is a DNS-1123 subdomain: most objects. @param most  characters */
export const isDnsSubdomain = (text: string, most = 253): boolean => text.length <= most && dnsSubdomain.test(text);

/** Whether a text can be a label's or an annotation's key: a name, perhaps with a DNS prefix before a slash. */
export function isQualifiedName(key: string): boolean {
  const [first = '', second, ...more] = key.split('/');
  const name = second ?? first;
  return (
    more.length === 0 && (second === undefined || isDnsSubdomain(first)) && name.length <= 63 && qualified.test(name)
  );
}

/** Whether a text can be a label's value; the empty one can. */
export const isLabelValue = (value: string): boolean => value === '' || (value.length <= 63 && qualified.test(value));

/** Whether a text can be the name of a port of a container (RFC 6335 §5.1, in lower case). */
export const isPortName = (name: string): boolean => name.length <= 15 && portName.test(name);

/** What to write in place of a name that is none, by what it names. */
export const nameFixes = {
  dnsLabel: 'use lower-case letters, digits and - (at most 63), beginning and ending with a letter or digit',
  dnsSubdomain: 'use lower-case letters, digits, - and . (at most 253), beginning and ending with a letter or digit',
  qualifiedName:
    'use letters, digits, -, _ and . (at most 63), beginning and ending with a letter or digit, perhaps behind a DNS name and /',
  labelValue: 'use letters, digits, -, _ and . (at most 63), beginning and ending with a letter or digit, or nothing',
  portName: 'use lower-case letters, digits and single - (at most 15) with at least one letter, or a number',
} as const;
