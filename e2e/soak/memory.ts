// Memory of each tab over a soak, and whether it grew. Page and workers collect their garbage before each sample: left alone
// their process holds anything between what lives and three times that (95 and 300 MB of a worker's tab), by when four heaps
// happened to be collected last, and that says nothing about a leak.

/**
 * After its opening a tab may still grow for so long: it compiles, loads data, fills its pools. In a calm room tabs grew
 * from 76–97 MB by 4 to 7 MB in four minutes and by 1 in the next three, all heaps and buffers of their scripts being flat.
 */
const WARM_UP_MS = 120_000;

/** Over a shorter time nothing can be said of a tab. */
const LEAST_SPAN_MS = 120_000;

export interface MemorySample {
  readonly atMs: number;
  readonly bytes: number;
}

export interface TabMemory {
  readonly name: string;
  readonly node: number;
  readonly firstBytes: number;
  readonly lastBytes: number;
  /** Share by which the last third of the time that counts is above the first third; null where that is too short. */
  readonly growth: number | null;
  /** Every sample: seconds since the first, and bytes. */
  readonly curve: readonly (readonly [number, number])[];
}

/** Is a soak so long that some tab can be judged? Reading memory collects garbage first, which costs every tab something. */
export const canJudge = (soakMs: number): boolean =>
  soakMs / 2 >= LEAST_SPAN_MS && soakMs >= WARM_UP_MS + LEAST_SPAN_MS;

/**
 * A tab's memory over the second half of the soak, or over what it lived of that after it was warm.
 * Medians of thirds: what is under way when a sample is taken comes and goes.
 */
export function memoryOf(
  { name, node }: { readonly name: string; readonly node: number },
  samples: readonly MemorySample[],
  halfMs: number,
): TabMemory {
  const [first, last] = [samples[0], samples.at(-1)];
  const fromMs = Math.max(halfMs, (first?.atMs ?? 0) + WARM_UP_MS);
  const counted = samples.filter(({ atMs }) => atMs >= fromMs);
  const span = (counted.at(-1)?.atMs ?? 0) - (counted[0]?.atMs ?? 0);
  const third = Math.floor(counted.length / 3);
  const isLong = span >= LEAST_SPAN_MS && third > 0;
  const growth = isLong ? median(counted.slice(-third)) / median(counted.slice(0, third)) - 1 : null;
  const curve = samples.map(({ atMs, bytes }) => [Math.round((atMs - (first?.atMs ?? 0)) / 1000), bytes] as const);
  return { name, node, firstBytes: first?.bytes ?? 0, lastBytes: last?.bytes ?? 0, growth, curve };
}

function median(samples: readonly MemorySample[]): number {
  const sorted = samples.map(({ bytes }) => bytes).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
