/**
 * Whether a selector takes a member: found out when it is first asked, and remembered as one byte.
 * @module
 */
import { type LabelExpr, labelsMatch } from '../meaning/labels.ts';
import { labelsOf, type Member } from './member-layer.ts';
import { isServiceKey } from './registry.ts';

/** Tells whether a selector takes a member. */
export type Selects = (member: Member) => boolean;

const PAGE_BITS = 7;
const PAGE_SIZE = 1 << PAGE_BITS;
/** With what else a page costs, about 12 MiB. */
const MOST_PAGES = 1 << 15;

const TAKEN = 1;
const NOT_TAKEN = 2;

/** Creates selectors whose answers share one memory; when it is full, everything is forgotten. */
export function createSelectors(): (selector: LabelExpr) => Selects {
  let pageCount = 0;
  let epoch = 0;
  return (selector) => {
    const pages = new Map<number, Uint8Array>();
    let epochOfPages = epoch;
    return (member) => {
      if (epochOfPages !== epoch) {
        pages.clear();
        epochOfPages = epoch;
      }
      let page = pages.get(member.id >> PAGE_BITS);
      if (page === undefined) {
        if (++pageCount > MOST_PAGES) {
          pageCount = 1;
          epochOfPages = ++epoch;
          pages.clear();
        }
        page = new Uint8Array(PAGE_SIZE);
        pages.set(member.id >> PAGE_BITS, page);
      }
      const at = member.id & (PAGE_SIZE - 1);
      if (page[at] === 0) page[at] = takes(selector, member) ? TAKEN : NOT_TAKEN;
      return page[at] === TAKEN;
    };
  };
}

/** A place behind Services is no network set: `all()` and the like do not mean it. */
function takes(selector: LabelExpr, member: Member): boolean {
  const isPlace = 'nets' in member.thing && member.thing.behind !== undefined;
  if (isPlace && !(selector.op === 'has' && isServiceKey(selector.key))) return false;
  return labelsMatch(selector, labelsOf(member));
}
