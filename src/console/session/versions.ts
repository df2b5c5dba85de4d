/**
 * Which version of the program answers: a server that is replaced under an open page may say what the page does not know.
 * @module
 */
import { signal } from '@preact/signals';

/** Of the server, when the page was opened, and now; undefined: it has not said. */
const first = signal<string | undefined>(undefined);
const latest = signal<string | undefined>(undefined);

/** Notes what a server says of its version. */
export function noteServerVersion(version: string): void {
  first.value ??= version;
  latest.value = version;
}

/** What somebody should know who looks at this page, and whether opening it anew helps; undefined: nothing. */
export interface VersionNotice {
  readonly text: string;
  readonly helps: 'reload' | 'another console';
}

/** @param own  the version of the console that has served this page */
export function versionNotice(own: string): VersionNotice | undefined {
  const [before, now] = [first.value, latest.value];
  if (now === undefined || before === undefined) return undefined;
  if (now !== before)
    return {
      text: `The server was replaced: this page was opened with version ${before}, and version ${now} answers now.`,
      helps: 'reload',
    };
  if (now === own) return undefined;
  return {
    text: `The server is of version ${now}, this console of ${own}: what only ${now} knows is not shown. \`gatehouse console\` of version ${now} shows it.`,
    helps: 'another console',
  };
}
