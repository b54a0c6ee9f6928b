// Compute devices in words.
import type { DeviceView } from '../../store/view.ts';
import { formatMilliseconds } from '../format.ts';

const NAMES: ReadonlyMap<string, string> = new Map([
  ['wasm', 'WebAssembly'],
  ['webgpu', 'WebGPU'],
  ['webgl', 'WebGL'],
]);

export const deviceName = (device: string): string => NAMES.get(device) ?? device;

/** What this tab computes with, and why; null before a run has shown it. */
export function deviceSentence({ wish, choice }: DeviceView): string | null {
  if (choice === null) return null;
  const { used, available, stepMs } = choice;
  if (available === null) return `this job computes in ${deviceName(used)}`;
  if (wish !== 'auto' && wish !== used && !available.includes(wish)) {
    return `this browser has no ${deviceName(wish)}: it computes with ${deviceName(used)}`;
  }
  if (wish !== 'auto' && wish !== used) return `computes with ${deviceName(used)} until the next run`;
  if (available.length < 2) return `${deviceName(used)}: this browser has nothing faster`;
  const times = Object.entries(stepMs).map(([device, ms]) => `${deviceName(device)} ${formatMilliseconds(ms)}`);
  return times.length < 2 ? `computes with ${deviceName(used)}` : `${deviceName(used)}, a step: ${times.join(', ')}`;
}
