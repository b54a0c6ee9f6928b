// `npm run soak`, short: faults drawn from a seed while real tabs train, and nothing is lost, stuck or unexplained.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { expect, report, test } from './fixtures/test.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const resultSchema = z.object({
  complaints: z.array(z.string()),
  steps: z.number(),
  faults: z.array(z.object({ kind: z.string(), recoveryMs: z.number().nullable() })),
  acknowledgedPushes: z.number(),
  appliedPushes: z.number(),
});

test('half a minute of seeded faults: every acknowledged push is in, and every stall has its fault', async ({
  folder,
}, info) => {
  const json = info.outputPath('soak.json');
  const args = ['--minutes', '0.5', '--every', '5', '--seed', '2', '--calm', '0', '--json', json, '--page', folder];
  const child = spawn('npx', ['tsx', 'e2e/soak/main.ts', ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => {
      words += part.toString();
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  expect(code, words).toBe(0);
  const result = resultSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
  report('faults', result.faults.map(({ kind, recoveryMs }) => `${kind} ${recoveryMs} ms`).join(', '));
  expect(result.complaints).toEqual([]);
  expect(result.faults.length).toBeGreaterThanOrEqual(3);
  expect(result.steps).toBeGreaterThan(50);
  expect(result.acknowledgedPushes).toBeGreaterThan(0);
});
