// How fast one worker is and what it does with its time, from its reports. Reports come a few times a second, a round of
// local steps may take several: what is counted at the end of a round belongs to all the time since the last one.
import type { WorkerReport } from '../protocol/control.ts';

/** Shares of the time, 0 to 1. */
export interface TimeShares {
  readonly compute: number;
  readonly wait: number;
  readonly communicate: number;
}

type Times = Pick<WorkerReport, 'spanMs' | 'computeMs' | 'waitMs' | 'communicateMs' | 'backupMs'>;

const noTimes = (): { -readonly [key in keyof Times]-?: number } => ({
  spanMs: 0,
  computeMs: 0,
  waitMs: 0,
  communicateMs: 0,
  backupMs: 0,
});

const PARTS = ['spanMs', 'computeMs', 'waitMs', 'communicateMs', 'backupMs'] as const;

export class WorkerRates {
  samplesPerSecond = 0;
  shares: TimeShares = { compute: 0, wait: 0, communicate: 0 };
  /** Since samples were last counted. */
  private open = noTimes();
  private lastSamples = 0;

  /** @param samples counted since the report before */
  take(samples: number, times: Times): void {
    const { open } = this;
    for (const part of PARTS) open[part] += times[part] ?? 0;
    if (open.spanMs <= 0) return;
    if (samples > 0) {
      this.samplesPerSecond = smooth(this.samplesPerSecond, (samples * 1000) / open.spanMs);
      this.shares = {
        compute: Math.min(1, (open.computeMs + open.backupMs) / open.spanMs),
        wait: Math.min(1, open.waitMs / open.spanMs),
        communicate: Math.min(1, open.communicateMs / open.spanMs),
      };
      this.lastSamples = samples;
      this.open = noTimes();
    } else {
      // No faster than if as many as last time came right now: who stands still comes to a stop in the figures, too.
      this.samplesPerSecond = Math.min(this.samplesPerSecond, (this.lastSamples * 1000) / open.spanMs);
    }
  }
}

/** Half of the old, half of the new: a rate that jumps can't be read. */
const smooth = (old: number, now: number): number => (old === 0 ? now : (old + now) / 2);
