// The run that a soak is compared with: the same job in as many tabs, and nothing happens to them.
import { every } from '../cluster/periods.ts';
import type { Room } from '../cluster/room.ts';
import { begin } from '../cluster/training.ts';
import type { SoakArguments } from './arguments.ts';
import type { ScoreCurve } from './result.ts';

/** @returns its score so far, once its time is over */
export async function runCalm(room: Room, { run, calm }: SoakArguments): Promise<ScoreCurve> {
  await begin(room, run);
  let startMs: number | null = null;
  for await (const _ of every('watch')) {
    const { run } = await room.first.call('status');
    if (startMs === null && (run?.clock ?? 0) > 0) startMs = Date.now();
    if (startMs === null || Date.now() - startMs < calm * 1000) continue;
    const { accuracy } = await room.first.call('series');
    console.log(`Calm run: ${run?.clock} steps in ${calm} s, score ${accuracy.value.at(-1) ?? '–'}.`);
    return accuracy;
  }
  throw new RangeError('A timer ended.');
}
