// Test code: the reports of a tab's two workers, with what a test does not care about filled in.
import { NO_EPOCH } from '../protocol/ids.ts';
import { NO_EGRESS } from './egress.ts';
import type { ShardReport } from './shard-host.ts';
import type { TrainerReport } from './trainer-host.ts';

export function reportsOf(
  trainerChange: Partial<TrainerReport> = {},
  shardChange: Partial<ShardReport> = {},
): { trainer: TrainerReport; shard: ShardReport } {
  return {
    trainer: {
      run: 1,
      isPrepared: true,
      problem: null,
      divergedAt: null,
      acknowledged: 0,
      abandoned: 0,
      worker: null,
      holdsAllBlocks: false,
      cut: null,
      traffic: { push: { raw: 0, wire: 0 }, pull: { raw: 0, wire: 0 } },
      bytes: [],
      egress: NO_EGRESS,
      fetched: [],
      device: null,
      links: { webrtc: 2, port: 1 },
      broken: [],
      ...trainerChange,
    },
    shard: {
      figures: null,
      epoch: NO_EPOCH,
      settled: [],
      hostile: [],
      bytes: [],
      drains: [],
      egress: NO_EGRESS,
      links: { webrtc: 0, port: 0 },
      broken: [],
      ...shardChange,
    },
  };
}
