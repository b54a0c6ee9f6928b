// `npm test`: every check there is, cheap ones first, on a fresh machine after `npm ci`. All of them run, also after one has
// failed; the last line sums them up.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBrowser, ensureScreen } from '../e2e/browsers/install.ts';
import { add, type Counts, readPlaywrightReport, readVitestReport } from './counts.ts';

const reports = mkdtempSync(join(tmpdir(), 'pushpull-test-'));
const ONE_PASSED: Counts = { passed: 1, failed: 0, skipped: 0 };
const ONE_FAILED: Counts = { passed: 0, failed: 1, skipped: 0 };

/** Runs a program of this project, its output passed through. */
function run(command: string, args: readonly string[], env: Record<string, string> = {}): boolean {
  const { status, error } = spawnSync('npx', ['--no-install', command, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  return status === 0;
}

/** A check that passes or fails as a whole. */
const check = (command: string, args: readonly string[]) => (): Counts =>
  run(command, args) ? ONE_PASSED : ONE_FAILED;

function unitTests(): Counts {
  const file = join(reports, 'unit.json');
  const isGood = run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]);
  return orFailed(isGood, () => readVitestReport(file));
}

function endToEnd(): Counts {
  const file = join(reports, 'e2e.json');
  const isGood = run('playwright', ['test', '--reporter=list,json'], { PLAYWRIGHT_JSON_OUTPUT_FILE: file });
  return orFailed(isGood, () => readPlaywrightReport(file));
}

/** A runner that failed counts as a failure even where its report, if there is one, knows of none. */
function orFailed(isGood: boolean, read: () => Counts | null): Counts {
  const counts = read();
  if (counts === null) return ONE_FAILED;
  return isGood || counts.failed > 0 ? counts : add(counts, ONE_FAILED);
}

function browsers(): Counts {
  try {
    ensureBrowser('chromium');
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return ONE_FAILED;
  }
  // What these two are for is skipped without them, and says so.
  try {
    ensureBrowser('firefox');
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  ensureScreen();
  return ONE_PASSED;
}

const steps: readonly (readonly [string, () => Counts])[] = [
  ['format and lint', check('biome', ['ci', '.'])],
  ['types', check('tsc', [])],
  [
    'import directions',
    check('depcruise', ['--config', '.dependency-cruiser.cjs', 'src', 'workers', 'signaling', 'e2e']),
  ],
  ['unit tests', unitTests],
  ['browsers', browsers],
  ['build', check('vite', ['build', '--logLevel', 'warn'])],
  ['end to end', endToEnd],
];

let total: Counts = { passed: 0, failed: 0, skipped: 0 };
const bad: string[] = [];
for (const [name, step] of steps) {
  console.log(`\n── ${name}`);
  const start = performance.now();
  const counts = step();
  total = add(total, counts);
  if (counts.failed > 0) bad.push(name);
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`── ${name}: ${counts.failed === 0 ? 'good' : 'FAILED'} after ${seconds} s`);
}
rmSync(reports, { recursive: true, force: true });
console.log(bad.length === 0 ? '\nAll checks are good.' : `\nFailed: ${bad.join(', ')}.`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
