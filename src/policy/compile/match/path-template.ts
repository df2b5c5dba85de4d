/**
 * Path templates with `{*}` (one segment) and `{**}` (the rest), as Envoy's uri_template matches them.
 * @module
 */

/** A template cut at its operators; `tail` is the literal after `{**}`, undefined if there is no `{**}`. */
export interface PathTemplate {
  /** Literals around each `{*}`, in order; the first starts the path. */
  readonly literals: readonly string[];
  readonly tail: string | undefined;
}

/** Cuts a template at its operators. Validation (whole segments, `{**}` last) has happened when the document was read. */
export function parsePathTemplate(text: string): PathTemplate {
  const any = text.indexOf('{**}');
  const head = any < 0 ? text : text.slice(0, any);
  return { literals: head.split('{*}'), tail: any < 0 ? undefined : text.slice(any + 4) };
}

/** The bytes of a path that an operator takes: RFC 3986 pchar without `[` and `]`. `%` counts as itself. */
const taken = new Uint8Array(256);
for (const byte of Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()+,;:@=*"))
  taken[byte] = 1;

const SLASH = 47;

/** Compiles a template to a test of whole paths. */
export function compilePathTemplate({ literals, tail }: PathTemplate): (path: string) => boolean {
  return (path) => {
    let at = 0;
    for (let i = 0; i < literals.length; i++) {
      if (i > 0) {
        const start = at;
        while (at < path.length && taken[path.charCodeAt(at)] === 1) at++;
        if (at === start) return false;
      }
      const literal = literals[i]!;
      if (!path.startsWith(literal, at)) return false;
      at += literal.length;
    }
    if (tail === undefined) return at === path.length;
    const end = path.length - tail.length;
    if (end < at || !path.endsWith(tail)) return false;
    for (; at < end; at++) {
      const code = path.charCodeAt(at);
      if (code !== SLASH && taken[code] !== 1) return false;
    }
    return true;
  };
}
