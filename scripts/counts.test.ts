// What is counted, from reports as the runners write them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { add, readPlaywrightReport, readVitestReport } from './counts.ts';

const folder = mkdtempSync(join(tmpdir(), 'pushpull-counts-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(report: unknown): string {
  const file = join(folder, 'report.json');
  writeFileSync(file, JSON.stringify(report));
  return file;
}

describe('counts', () => {
  it('add up', () => {
    expect(add({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 })).toEqual({
      passed: 11,
      failed: 22,
      skipped: 33,
    });
  });

  it('of vitest: what waits is skipped', () => {
    const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1, success: false };
    expect(readVitestReport(write(report))).toEqual({ passed: 5, failed: 1, skipped: 3 });
  });

  it('of Playwright: a flaky test has failed, and so has a file that does not load', () => {
    const report = {
      stats: { expected: 4, unexpected: 1, flaky: 1, skipped: 2 },
      errors: [{ message: 'no such file' }],
    };
    expect(readPlaywrightReport(write(report))).toEqual({ passed: 4, failed: 3, skipped: 2 });
  });

  it('of a runner that wrote nothing are none', () => {
    expect(readPlaywrightReport(join(folder, 'absent.json'))).toBeNull();
    expect(readVitestReport(write({ numPassedTests: 'five' }))).toBeNull();
  });
});
