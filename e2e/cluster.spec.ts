// `npm run cluster` as a script runs it: what it writes, and what it says when it can't.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { wayBytesSchema } from '../src/protocol/reports.ts';
import { expect, report, test } from './fixtures/test.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const resultSchema = z
  .object({
    samples: z.number(),
    testAccuracy: z.number(),
    samplesPerSecond: z.number(),
    paramsSha256: z.string().regex(/^[0-9a-f]{64}$/),
    duplicatesIgnored: z.number(),
    acknowledgedPushes: z.number(),
    appliedPushes: z.number(),
    filterChoice: z.string().nullable(),
    objective: z.number().optional(),
    nonZeros: z.number().optional(),
    oracle: z.object({ maxAbsDiff: z.number() }).loose().optional(),
    bytes: z.object({ push: wayBytesSchema, pull: wayBytesSchema }),
  })
  .loose();

interface Ended {
  readonly code: number | null;
  readonly words: string;
}

function run(args: readonly string[]): Promise<Ended> {
  const child = spawn('npx', ['tsx', 'e2e/cluster/main.ts', ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, words: Buffer.concat(parts).toString() }));
  });
}

/** A network small enough to train in seconds. */
const SMALL = ['--option', 'hidden=[16]', '--steps', '100', '--data-samples', '2000,500'];

/** What is compared bit by bit must not depend on what the automatic mode chooses on this machine. */
const EXACT = [...SMALL, '--filters', 'off'];

const cluster = test.extend<{ train: (...args: string[]) => Promise<z.infer<typeof resultSchema>> }>({
  train: async ({ folder }, use, info) => {
    let runs = 0;
    await use(async (...args) => {
      const json = info.outputPath(`result-${++runs}.json`);
      const { code, words } = await run(['--page', folder, '--json', json, ...args]);
      expect(code, words).toBe(0);
      return resultSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
    });
  },
});

cluster(
  'over a slow link coded frames travel deflated, and what is learnt is the same to the bit',
  async ({ train }) => {
    const filters = ['--push-filter', 'f16', '--pull-filter', 'f16'];
    const coded = [...SMALL, '--steps', '20', '--replicas', '0', '--servers', '1', ...filters];
    const free = await train(...coded);
    const slow = await train(...coded, '--bandwidth', '1:500kbit', '--bandwidth', '2:500kbit');
    expect(slow.paramsSha256).toBe(free.paramsSha256);
    const { push } = slow.bytes;
    expect(push.saved ?? 0).toBeGreaterThan(0.03 * push.wire);
    expect(free.bytes.push.saved ?? 0).toBeLessThan(0.01 * free.bytes.push.wire);
  },
);

cluster('one slow tab is rounded for where it is: the others exchange what they have', async ({ train }) => {
  // What fits in a link's window never waits, and isn't measured.
  const large = ['--option', 'hidden=[128]', '--steps', '320', '--data-samples', '2000,500'];
  const slow = ['--workers', '3', '--servers', '1', '--replicas', '0', '--bandwidth', '3:1mbit'];
  const { filterChoice, bytes } = await train(...large, ...slow);
  expect(filterChoice).toMatch(/^8-bit values .* 2 links, much faster than the slowest, carry 32-bit values\.$/);
  report('of the bytes', String(bytes.push.wire / bytes.push.raw));
  // Two of three workers push plain values, and one a quarter of that.
  expect(bytes.push.wire).toBeGreaterThan(0.6 * bytes.push.raw);
});

for (const workers of [1, 2, 3]) {
  cluster(`BSP with ${workers} of them is what one thread computes`, async ({ train }) => {
    const result = await train(...EXACT, '--workers', String(workers), '--servers', '1', '--oracle');
    report('largest difference', String(result.oracle?.maxAbsDiff));
    expect(result.oracle?.maxAbsDiff).toBeLessThanOrEqual(1e-5);
    expect(result.samples).toBe(12_800);
    expect(result.appliedPushes).toBe(result.acknowledgedPushes);
  });
}

cluster(
  'BSP is the same bit for bit from run to run, with one server, with three, and with none but the workers',
  async ({ train }) => {
    const one = await train(...EXACT, '--workers', '2', '--servers', '1');
    const again = await train(...EXACT, '--workers', '2', '--servers', '1');
    const three = await train(...EXACT, '--workers', '2', '--servers', '3');
    const none = await train(...EXACT, '--workers', '2', '--servers', '0');
    expect(again.paramsSha256).toBe(one.paramsSha256);
    expect(none.paramsSha256).toBe(one.paramsSha256);
    expect(three.paramsSha256).toBe(one.paramsSha256);
  },
);

cluster(
  'a run resumed from a checkpoint file, with other servers, ends with the same bytes',
  async ({ train }, info) => {
    const newest = info.outputPath('newest.safetensors');
    const first = info.outputPath('first.safetensors');
    const keep = ['--checkpoint', newest, '--checkpoint-every', '20'];
    const whole = train(...EXACT, '--workers', '2', '--servers', '1', ...keep);
    await expect.poll(() => existsSync(newest), { intervals: [50] }).toBe(true);
    copyFileSync(newest, first);
    const { paramsSha256 } = await whole;
    const again = await train('--resume', first, '--workers', '2', '--servers', '2', '--oracle');
    expect(again.paramsSha256).toBe(paramsSha256);
    expect(again.oracle?.maxAbsDiff).toBe(0);
  },
);

cluster('sparse-logistic reports objective and non-zeros', async ({ train }) => {
  const result = await train('--job', 'sparse-logistic', '--workers', '2', '--servers', '2', '--steps', '60');
  expect(result.objective).toBeGreaterThan(0);
  expect(result.nonZeros).toBeGreaterThan(0);
});

cluster('two workers train on a file each; no byte of data is sent', async ({ train }, info) => {
  const rows = (from: number) =>
    Array.from({ length: 600 }, (_, row) => `${from + (row % 10)},${row % 10 < 5 ? 'a' : 'b'}`);
  const paths = [0, 10].map((from) => {
    const path = info.outputPath(`from-${from}.csv`);
    writeFileSync(path, `size,kind\n${rows(from).join('\n')}\noops,a\n`);
    return path;
  });
  const data = paths.flatMap((path) => ['--data', path]);
  const result = await train('--job', 'tabular', '--private', '--skip-bad-rows', ...data, '--steps', '60');
  expect(result).toMatchObject({ isPrivate: true, egress: { data: 0 } });
  expect(result.samples).toBeGreaterThan(0);
});

cluster('it says in a sentence what is wrong, and fails', async ({ folder }, info) => {
  const unknown = info.outputPath('unknown.bin');
  writeFileSync(unknown, Uint8Array.of(1, 2, 3, 0, 255));
  const cases: [string[], RegExp][] = [
    [['--train', '/nowhere/images', '/nowhere/labels'], /Failed: \/nowhere\/images: there is no such file/],
    [['--train', unknown], /Failed: unknown\.bin: not a format that can be read here/],
    [['--consistency', 'ssp'], /Failed: --consistency: is bsp, async, dynamic or ssp:N/],
    [['--job', 'nonsense'], /Failed: There is no job "nonsense"/],
    [['--job', 'lda', '--option', 'topicss=5'], /Failed: The options of lda are not right/],
    [['--updater', 'sgd', '--lr', '1000', '--workers', '1', '--servers', '1'], /Failed: The loss is not a number/],
    [['--page', '/nowhere'], /Failed: --page: there is no built page/],
  ];
  for (const [args, words] of cases) {
    const ended = await run(['--page', folder, ...args]);
    expect(ended.words).toMatch(words);
    expect(ended.code).toBe(1);
  }
});
