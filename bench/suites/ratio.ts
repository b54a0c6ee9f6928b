// The ratio advisor's predictions beside what real tabs do: a room goes through divisions of its tabs into workers and servers, and
// each is compared with what was predicted for it out of those before, as on the page. So no prediction knows its
// answer, and a machine that gets slower meanwhile slows both.
// `npm run bench -- ratio --args TABS[,TABS…] JOB BATCH bsp|ssp`; without: 2 to 6 tabs, digits-mlp, 512, bsp.
import type { Ratio } from '../../src/protocol/ratio.ts';
import { ratiosOf } from '../../src/ps/ratio/ratio-model.ts';
import type { AdviceView, ConsistencyView } from '../../src/store/view.ts';
import { atMost, type Benchmark, median, rowOf } from '../harness.ts';
import { LiveRoom } from '../live-room.ts';
import type { Row } from '../result.ts';

const DEFAULTS = ['2,3,4,5,6', 'digits-mlp', '512', 'bsp'] as const;

/** Seconds in each division, and clocks at least. */
const STAY_SECONDS = 6;
const QUICK_SECONDS = 3;
const STAY_CLOCKS = 12;

/** What the issue asks for. */
const TOLERANCE = 0.2;

const isSame = (a: Ratio, b: Ratio): boolean => a.workers === b.workers && a.servers === b.servers;

interface Pair {
  readonly predicted: number;
  readonly measured: number;
}

/** Goes to a division and stays. @returns samples per second, and what the advisor then says of all others */
async function visit(room: LiveRoom, ratio: Ratio, seconds: number): Promise<{ rate: number; advice: AdviceView }> {
  await room.setRatio(ratio);
  const { advice } = await room.metricsWhen(({ advice }) => advice !== undefined && isSame(advice.current, ratio));
  const rate = await room.rate(Math.max(seconds, (STAY_CLOCKS * (advice?.figures.clockMs ?? 0)) / 1000));
  const after = await room.metricsWhen(({ advice }) => advice !== undefined && isSame(advice.current, ratio));
  if (after.advice === undefined) throw new RangeError('Advice that was there is gone.');
  return { rate, advice: after.advice };
}

async function measure(tabs: number, [job, batch, kind]: readonly string[], isQuick: boolean): Promise<Pair[]> {
  const consistency: ConsistencyView = kind === 'bsp' ? { kind: 'bsp' } : { kind: 'ssp', delay: 1 };
  const room = await LiveRoom.open(tabs);
  const seconds = isQuick ? QUICK_SECONDS : STAY_SECONDS;
  const first = { workers: tabs, servers: 1 };
  const pairs: Pair[] = [];
  try {
    await room.start(first, { job: job ?? '', batch: Number(batch), consistency });
    // The first seconds are no measure: compilers, slow start.
    await room.rate(seconds);
    let { advice } = await visit(room, first, seconds);
    for (const ratio of ratiosOf(tabs).filter((other) => !isSame(other, first))) {
      const predicted = advice.points.find((point) => isSame(point, ratio))?.predicted ?? Number.NaN;
      const { rate: measured, advice: next } = await visit(room, ratio, seconds);
      const { workers, servers } = ratio;
      const { clockMs, computeMs, serveMs, roundTripMs } = next.figures;
      const figures = [clockMs, computeMs, serveMs, roundTripMs].map((ms) => ms.toFixed(1)).join(', ');
      console.error(
        `${tabs} tabs, ${workers} + ${servers}: ${predicted.toFixed(0)} predicted, ${measured.toFixed(0)} measured, ` +
          `${(predicted / measured).toFixed(2)} (clock, compute, serve, round trip ms: ${figures})`,
      );
      pairs.push({ predicted, measured });
      advice = next;
    }
  } finally {
    await room.close();
  }
  return pairs;
}

export const benchmark: Benchmark = {
  what: 'samples per second that the ratio advisor predicts for other divisions, beside what 2 to 6 tabs then do',
  async run({ isQuick, args }) {
    const [sizes, ...settings] = DEFAULTS.map((value, at) => args[at] ?? value);
    const [job, batch, kind] = settings;
    const rows: Row[] = [];
    const errors: number[] = [];
    for (const tabs of (isQuick && args.length === 0 ? '2' : (sizes ?? '')).split(',').map(Number)) {
      const pairs = await measure(tabs, settings, isQuick);
      errors.push(...pairs.map(({ predicted, measured }) => Math.abs(predicted / measured - 1)));
      rows.push(
        rowOf({
          what: `${tabs} tabs, ${pairs.length} divisions: predicted beside measured`,
          unit: 'samples/s',
          ours: pairs.map(({ predicted }) => predicted),
          reference: pairs.map(({ measured }) => measured),
          note: `${job}, batch ${batch}, ${kind}; each predicted from those measured before it`,
        }),
      );
    }
    const percent = errors.map((error) => 100 * error);
    const within = errors.filter((error) => error <= TOLERANCE).length;
    const note = `${within} of ${errors.length} within ${100 * TOLERANCE} %, the median off by ${median(percent).toFixed(0)} %`;
    const what = 'the prediction that is off by most, beside 20 %';
    const most = Math.max(...percent);
    rows.push(rowOf({ what, unit: '%', ours: [most], reference: [100 * TOLERANCE], target: atMost(20, 'ours'), note }));
    return rows;
  },
};
