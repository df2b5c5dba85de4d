/**
 * The shape of a path: the pattern of a policy of that workload that it matches, else the path itself with its numbers and ids as `{*}`.
 *
 * A shape reads as `paths` of an AuthorizationPolicy do. A path that would read as a pattern there, or in which not all is plain text, has
 * `=` before it: it stands for itself alone, and no policy can name it.
 * @module
 */
import type { Destination, Facts } from '../facts.ts';
import { applies, type SubjectContext } from '../meaning/subject.ts';
import type { Expr, PolicyModel, Subject, TextPattern } from '../model.ts';
import { compileTextPatterns, type TextTest } from './match/text-pattern.ts';

/** The shape of the path of a request. */
export type ShapeOf = (facts: Facts) => string;

interface Shape {
  readonly text: string;
  /** Characters that are spelled out: more of them say more. */
  readonly literal: number;
  readonly matches: TextTest;
}

interface PathPolicy {
  readonly subject: Subject;
  readonly shapes: readonly Shape[];
}

const MOST_SHAPES = 256;

/** Creates it for the policies of a model; what a workload's policies say is looked up once. */
export function createShapes(model: PolicyModel, context: SubjectContext): ShapeOf {
  const byDestination = new WeakMap<Destination, readonly Shape[]>();
  let policies: readonly PathPolicy[] | undefined;
  return ({ destination, path = '' }) => {
    let shapes = byDestination.get(destination);
    if (shapes === undefined) {
      policies ??= pathPolicies(model);
      const own = policies.filter(({ subject }) => applies(subject, destination, context) === 'yes');
      const byText = new Map(own.flatMap((each) => each.shapes).map((shape) => [shape.text, shape]));
      shapes = [...byText.values()].sort((a, b) => b.literal - a.literal).slice(0, MOST_SHAPES);
      byDestination.set(destination, shapes);
    }
    for (const { text, matches } of shapes) if (matches(path)) return text;
    return foldedPath(path);
  };
}

function pathPolicies({ planes }: PolicyModel): readonly PathPolicy[] {
  const out: PathPolicy[] = [];
  for (const { mode, stages } of planes)
    for (const stage of mode === 'off' ? [] : stages) {
      if (stage.kind === 'transport' || stage.kind === 'token') continue;
      for (const { subject, rules } of stage.policies) {
        const shapes = rules.flatMap(({ http }) => [...patternsOf(http)].flatMap(shapeOf));
        if (shapes.length > 0) out.push({ subject, shapes });
      }
    }
  return out;
}

function* patternsOf(expr: Expr): Iterable<TextPattern> {
  if (expr.op === 'all' || expr.op === 'any') for (const each of expr.of) yield* patternsOf(each);
  else if (expr.op === 'not') yield* patternsOf(expr.of);
  else if (expr.op === 'text' && (expr.fact.of === 'path' || expr.fact.of === 'normalPath')) yield* expr.any;
}

/** Patterns that say nothing, or that `paths` cannot say, are none. */
function shapeOf(pattern: TextPattern): readonly Shape[] {
  const text = textOf(pattern);
  const literal = text?.replace(/\{\*{1,2}\}|\*/g, '') ?? '';
  if (text === undefined || literal === '' || literal === '/') return [];
  return [{ text, literal: literal.length, matches: compileTextPatterns([pattern]) }];
}

function textOf(pattern: TextPattern): string | undefined {
  switch (pattern.is) {
    case 'exact':
      return pattern.ignoreCase || !isPlain(pattern.value) ? undefined : pattern.value;
    case 'prefix':
      return pattern.ignoreCase || !isPlain(pattern.value) ? undefined : `${pattern.value}*`;
    case 'suffix':
      return pattern.ignoreCase || !isPlain(pattern.value) ? undefined : `*${pattern.value}`;
    case 'template':
      return pattern.text;
    default:
      return undefined;
  }
}

const PLAIN = /^[\x21-\x7e]+$/;
const isPlain = (text: string): boolean => PLAIN.test(text) && !/[*{}]/.test(text);

/** What a template may spell out. */
const TEMPLATE_TEXT = /^\/[A-Za-z0-9\-._~%!$&'()+,;:@=/]*$/;

/** The path with each segment that is a number or an id as `{*}`. */
function foldedPath(path: string): string {
  if (!isPlain(path)) return `=${path}`;
  if (!TEMPLATE_TEXT.test(path)) return path;
  let hasId = false;
  const segments = path.split('/').map((segment) => {
    if (!isId(segment)) return segment;
    hasId = true;
    return '{*}';
  });
  return hasId ? segments.join('/') : path;
}

const NUMBER = /^\d+$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const HEX = /^(?=.*\d)[0-9a-f]{8,}$/i;
/** A token: long, of letters and digits that are mixed. */
const TOKEN = /^(?=(?:.*\d){3})(?=(?:.*[A-Za-z]){3})[A-Za-z0-9_-]{20,}$/;

function isId(segment: string): boolean {
  const first = segment.charCodeAt(0);
  if (segment === '' || !(first >= 48 && first <= 122)) return false;
  return NUMBER.test(segment) || UUID.test(segment) || HEX.test(segment) || TOKEN.test(segment);
}
