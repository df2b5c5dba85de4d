/**
 * A run of policy tests as JUnit XML, which build servers read.
 * @module
 */
import type { TestRun } from './run-files.ts';

/** Renders a run. */
export function junitXml({ files, passed, failed }: TestRun): string {
  const suites = files.map(({ file, tests }) => {
    const wrong = tests.filter((test) => !test.passed).length;
    const cases = tests.map(({ name, differences }) => {
      const head = `    <testcase classname="${xml(file)}" name="${xml(name)}"`;
      if (differences.length === 0) return `${head}/>\n`;
      const text = differences.map(({ of, want, got }) => `${of}: expected ${want}, but was ${got}`).join('\n');
      return `${head}>\n      <failure message="${xml(text.split('\n', 1)[0] ?? '')}">${xml(text)}</failure>\n    </testcase>\n`;
    });
    return `  <testsuite name="${xml(file)}" tests="${tests.length}" failures="${wrong}">\n${cases.join('')}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites tests="${passed + failed}" failures="${failed}">\n${suites.join('')}</testsuites>\n`;
}

const named: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }),
);

/** Control characters have no place in XML. */
const xml = (text: string): string =>
  text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '\ufffd').replace(/[&<>"]/g, (each) => named.get(each)!);
