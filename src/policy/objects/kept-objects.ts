/**
 * What a cluster held last, kept over our own restart: who starts while its API is away decides by it.
 * @module
 */
import type { KindObjects } from './kind-objects.ts';

/** Texts that are kept, by name. */
export interface KeptTexts {
  get(name: string): string | undefined;
  set(name: string, content: string): void;
}

const PREFIX = 'cluster ';
/** Of what is written; what another version wrote otherwise is not read. */
const FORMAT = 'gatehouse cluster objects 1';
/** Kinds of the registry are kept in parts, so that no writing is long. */
const PARTS = 8;

/** Reads what was kept. True if there was something, of whatever kind. */
export function restoreObjects(kinds: readonly KindObjects[], texts: KeptTexts): boolean {
  let hasAny = false;
  for (const objects of kinds)
    for (let part = 0; part < partsOf(objects); part++) {
      const [format, ...lines] = (texts.get(nameOf(objects, part)) ?? '').split('\n');
      if (format !== FORMAT) continue;
      hasAny = true;
      for (const line of lines) if (line !== '') restoreLine(objects, line);
    }
  return hasAny;
}

function restoreLine(objects: KindObjects, line: string): void {
  const tab = line.indexOf('\t'); // no tab stands in JSON that is written without blanks
  const cut = tab <= 0 ? [] : (JSON.parse(line.slice(0, tab)) as string[]); // as we wrote it
  objects.restore(line.slice(tab + 1), cut);
}

/** Writes what has changed, part after part. */
export class ObjectKeeper {
  readonly #texts: KeptTexts;
  readonly #written = new Map<string, number>();

  constructor(texts: KeptTexts) {
    this.#texts = texts;
  }

  /** Writes at most one part that is behind. False: there is none. @throws whatever the texts throw */
  writeOne(kinds: readonly KindObjects[]): boolean {
    for (const objects of kinds)
      for (let part = 0; part < partsOf(objects); part++) {
        const name = nameOf(objects, part);
        if ((this.#written.get(name) ?? 0) === objects.version) continue;
        this.#texts.set(name, textOf(objects, part));
        this.#written.set(name, objects.version);
        return true;
      }
    return false;
  }
}

const partsOf = ({ kind }: KindObjects): number => (kind.isPolicy ? 1 : PARTS);
const nameOf = ({ kind }: KindObjects, part: number): string => `${PREFIX}${kind.id} ${part}`;

function textOf(objects: KindObjects, part: number): string {
  const lines = [FORMAT];
  const parts = partsOf(objects);
  for (const { key, good } of objects.all()) {
    if (good === undefined || (parts > 1 && partOf(key, parts) !== part)) continue;
    lines.push(`${good.cut.length === 0 ? '' : JSON.stringify(good.cut)}\t${good.text}`);
  }
  return lines.join('\n');
}

/** The same for an object at every time. */
function partOf(key: string, parts: number): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
  return (hash >>> 0) % parts;
}
