/**
 * Says what a chunk of a file is without parsing it, where its text leaves no doubt.
 *
 * A top-level field of a block map stands in the first column and nothing else may; so those lines alone tell apiVersion and kind, each
 * written once and plainly. Whatever is written another way is left to the parser.
 * @module
 */
import { nearestSearch } from '../../../lib/nearest.ts';

/** apiVersion and kind as they are written; `none`: a chunk that has neither, nor anything that could be meant for them. */
export type QuickType = { readonly apiVersion: string; readonly kind: string } | 'none';

const FIELD = /([A-Za-z_][\w./-]*):(?:[ \t]+([^\n]*))?\r?(?:\n|$)/y;
const PLAIN = /^(?:"([\w./-]+)"|'([\w./-]+)'|([A-Za-z][\w./-]*))[ \t\r]*(?:[ \t]#.*)?$/;
const LONE_RETURN = /\r(?!\n)/;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const HASH = 35;
const DASH = 45;

/** Undefined: only the parser can say. */
export function quickType(text: string): QuickType | undefined {
  const first = text.charCodeAt(text.search(/\S/));
  if (first === 0x7b || first === 0x5b) return jsonType(text);
  if (text.includes('\r') && LONE_RETURN.test(text)) return undefined;
  const found = new Map<string, string>();
  let isType = false; // the last field said a part of the type, which no deeper line may go on with
  let fields = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === SPACE) {
      if ((isType || fields === 0) && !isBlank(text, at)) return undefined;
    } else if (code === DASH) {
      if (fields === 0 || text.charCodeAt(at + 1) !== SPACE) return undefined;
    } else if (code !== NEWLINE && code !== RETURN && code !== HASH) {
      FIELD.lastIndex = at;
      const [, name, value] = FIELD.exec(text) ?? [];
      if (name === undefined) return undefined;
      fields++;
      const kind = meaningOf(name);
      if (kind === 'doubtful' || (kind === 'type' && found.has(name))) return undefined;
      isType = kind === 'type';
      if (isType) found.set(name, value ?? '');
      else if (kind === 'document') found.set('document', '');
    }
    const end = text.indexOf('\n', at);
    at = end < 0 ? text.length : end + 1;
  }
  if (fields === 0) return undefined;
  return typeOf(found.get('apiVersion'), found.get('kind'), found.has('document'));
}

function typeOf(apiVersion: string | undefined, kind: string | undefined, isDocument: boolean): QuickType | undefined {
  if (apiVersion === undefined && kind === undefined) return isDocument ? undefined : 'none';
  const [version, name] = [PLAIN.exec(apiVersion ?? ''), PLAIN.exec(kind ?? '')].map((match) =>
    match?.slice(1).join(''),
  );
  return version && name ? { apiVersion: version, kind: name } : undefined;
}

/** What a top-level field has to do with the type of a document. */
function meaningOf(name: string): 'type' | 'document' | 'other' | 'doubtful' {
  if (name === 'apiVersion' || name === 'kind') return 'type';
  if (name === 'metadata' || name === 'spec') return 'document';
  return name === 'items' || isSlipOfType(name) ? 'doubtful' : 'other';
}

/** Whether a field was probably meant to be apiVersion or kind. */
export const isSlipOfType = (name: string): boolean => slipOfType(name) !== undefined;

/** Which field of the type a name is, or is misspelt from. */
export function slipOfType(name: string): 'apiVersion' | 'kind' | undefined {
  if (name.length > 12) return undefined;
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '');
  if (within(plain, 'apiversion', 2)) return 'apiVersion';
  return within(plain, 'kind', 1) ? 'kind' : undefined;
}

function within(word: string, known: string, slips: number): boolean {
  const search = nearestSearch(word, slips);
  search.see(known);
  return search.found() !== undefined;
}

function isBlank(text: string, at: number): boolean {
  const end = text.indexOf('\n', at);
  const line = text.slice(at, end < 0 ? text.length : end).trim();
  return line === '' || line.startsWith('#');
}

const JSON_HEAD = /^\s*\{\s*"apiVersion"\s*:\s*"([\w./-]+)"\s*,\s*"kind"\s*:\s*"(\w+)"/;
const YAML_HEAD = /^apiVersion: ([a-z][\w./-]*)\nkind: ([A-Z]\w*)\n/;

/**
 * The type that the first two fields of a document say, as programs write it; undefined if they say none. A field of the same name may stand
 * further down: that a document is of ours it may decide, that it is none not.
 */
export function headType(text: string): Exclude<QuickType, 'none'> | undefined {
  const [, apiVersion, kind] = YAML_HEAD.exec(text) ?? JSON_HEAD.exec(text) ?? [];
  return apiVersion === undefined || kind === undefined ? undefined : { apiVersion, kind };
}

/** JSON is read by the parser of the language, which knows no places and is quick. */
function jsonType(text: string): QuickType | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return value.some(isLikeDocument) ? undefined : 'none';
  const { apiVersion, kind } = value as Record<string, unknown>; // an object of JSON
  const names = Object.keys(value);
  if (names.some((name) => meaningOf(name) === 'doubtful')) return undefined;
  if (typeof apiVersion === 'string' && typeof kind === 'string') return { apiVersion, kind };
  const isOther = apiVersion === undefined && kind === undefined && names.every((name) => meaningOf(name) === 'other');
  return isOther ? 'none' : undefined;
}

const isLikeDocument = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ('kind' in value || 'apiVersion' in value || Array.isArray(value));
