/**
 * What a call of grpc-js ended with, in words for people.
 * @module
 */

/** Parts of its sentences that speak of its own inside, and what they mean. */
const inside: readonly (readonly [RegExp, (match: string) => string])[] = [
  [/^No connection established\. Last error: (?:Error: )?(.*?)\. Resolution note: .*$/s, noConnection],
  [/^No addresses resolved\. Resolution note: (.*)$/s, (note) => `its name has no address${note && `: ${note}`}`],
  [/^(.*?)\.? Resolution note: .*$/s, (rest) => rest],
];

/** The sentence without what only the library's authors understand. @param details  `ServiceError.details` */
export function failureText(details: string): string {
  for (const [pattern, meaning] of inside) {
    const match = pattern.exec(details);
    if (match !== null) return meaning(match[1]!.trim());
  }
  return details;
}

function noConnection(lastError: string): string {
  return lastError === '' || lastError === 'null' ? 'no connection' : lastError;
}
