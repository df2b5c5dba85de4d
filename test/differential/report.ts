/**
 * Counts and prints as the test runner does, for suites whose cases are made as they go.
 * @module
 */

export interface Report {
  /** One thing that holds or does not; `problem` says how not. */
  check(name: string, problem: string | undefined): void;
  /** Prints the sums; true if nothing failed. */
  end(): boolean;
}

/** Starts a report. */
export function createReport(): Report {
  const startedAt = performance.now();
  let passing = 0;
  const failures: (readonly [name: string, problem: string])[] = [];
  return {
    check(name, problem) {
      if (problem === undefined) passing++;
      else failures.push([name, problem]);
      console.log(problem === undefined ? `  ✔ ${name}` : `  ${failures.length}) ${name}`);
    },
    end() {
      console.log(`\n  ${passing} passing (${Math.round((performance.now() - startedAt) / 1000)}s)`);
      if (failures.length > 0) console.log(`  ${failures.length} failing\n`);
      for (const [i, [name, problem]] of failures.entries())
        console.log(`  ${i + 1}) ${name}:\n${problem.replaceAll(/^/gm, '     ')}\n`);
      return passing > 0 && failures.length === 0;
    },
  };
}
