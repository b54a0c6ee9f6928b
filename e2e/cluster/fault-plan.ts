// What `--fault` may say: faults at clocks of the run, as text in, checked plan out.
import { z } from 'zod';

export type FaultRole = 'worker' | 'server' | 'scheduler';

/** One thing that happens once the run has reached a clock. */
export type PlannedFault = { readonly text: string; readonly atStep: number } & (
  | { readonly kind: 'kill'; readonly role: FaultRole }
  | { readonly kind: 'join' | 'leave'; readonly role: 'worker' | 'server' }
  | { readonly kind: 'pause'; readonly seconds: number }
  | { readonly kind: 'cut' }
  | { readonly kind: 'stop-signaling' | 'restart-signaling' }
);

const FORMS =
  'is kill-server@40, kill-worker@30, kill-scheduler@50, join-server@60, join-worker@20, leave-server@70, ' +
  'stop-signaling@10,restart@30, cut-pair@35 or pause-worker@25:5s';

/** A pause longer than this is no pause any more: the others have taken the tab for gone long before. */
const MAX_PAUSE_SECONDS = 600;

const PATTERNS: readonly { readonly pattern: RegExp; plan(match: readonly string[]): readonly PlannedFault[] }[] = [
  {
    pattern: /^kill-(worker|server|scheduler)@(\d+)$/,
    plan: ([text = '', role, step]) => [{ kind: 'kill', role: role as FaultRole, atStep: Number(step), text }],
  },
  {
    pattern: /^(join|leave)-(worker|server)@(\d+)$/,
    plan: ([text = '', kind, role, step]) => [
      { kind: kind as 'join', role: role as 'worker', atStep: Number(step), text },
    ],
  },
  {
    pattern: /^pause-worker@(\d+):(\d+(?:\.\d+)?)s$/,
    plan: ([text = '', step, seconds]) => [{ kind: 'pause', atStep: Number(step), seconds: Number(seconds), text }],
  },
  {
    pattern: /^cut-pair@(\d+)$/,
    plan: ([text = '', step]) => [{ kind: 'cut', atStep: Number(step), text }],
  },
  {
    pattern: /^stop-signaling@(\d+),restart@(\d+)$/,
    plan: ([, stop, restart]) => [
      { kind: 'stop-signaling', atStep: Number(stop), text: `stop-signaling@${stop}` },
      { kind: 'restart-signaling', atStep: Number(restart), text: `restart-signaling@${restart}` },
    ],
  },
];

/** One `--fault`: a fault, or two that belong together. */
export const faultSchema = z.string().transform((text, context): readonly PlannedFault[] => {
  for (const { pattern, plan } of PATTERNS) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const faults = plan(match);
    const isBackwards = faults.some(({ atStep }, index) => index > 0 && atStep <= (faults[index - 1]?.atStep ?? 0));
    const isTooLong = faults.some((fault) => fault.kind === 'pause' && fault.seconds > MAX_PAUSE_SECONDS);
    if (!isBackwards && !isTooLong) return faults;
    const error = isTooLong ? `pauses for at most ${MAX_PAUSE_SECONDS} s` : 'restarts after it has stopped';
    context.addIssue({ code: 'custom', message: `${error}: "${text}"` });
    return z.NEVER;
  }
  context.addIssue({ code: 'custom', message: `${FORMS}; not "${text}"` });
  return z.NEVER;
});
