import { describe, expect, it } from 'vitest';
import { faultSchema } from './fault-plan.ts';

const plan = (text: string) => faultSchema.parse(text);
const complaint = (text: string) => faultSchema.safeParse(text).error?.issues[0]?.message;

describe('a fault on the command line', () => {
  it('is one thing at one clock', () => {
    expect(plan('kill-server@40')).toEqual([{ kind: 'kill', role: 'server', atStep: 40, text: 'kill-server@40' }]);
    expect(plan('kill-scheduler@5')).toMatchObject([{ kind: 'kill', role: 'scheduler', atStep: 5 }]);
    expect(plan('join-worker@20')).toMatchObject([{ kind: 'join', role: 'worker', atStep: 20 }]);
    expect(plan('leave-server@70')).toMatchObject([{ kind: 'leave', role: 'server', atStep: 70 }]);
    expect(plan('cut-pair@35')).toMatchObject([{ kind: 'cut', atStep: 35 }]);
    expect(plan('pause-worker@25:2.5s')).toMatchObject([{ kind: 'pause', atStep: 25, seconds: 2.5 }]);
  });

  it('may be a stop and a restart of signaling', () => {
    expect(plan('stop-signaling@10,restart@30')).toMatchObject([
      { kind: 'stop-signaling', atStep: 10 },
      { kind: 'restart-signaling', atStep: 30 },
    ]);
  });

  it.each(['kill-tab@4', 'kill-server', 'pause-worker@3', 'stop-signaling@10', 'join-scheduler@3', 'kill-server@-1'])(
    'is not %s, and is told what it may be',
    (text) => {
      expect(complaint(text)).toContain('is kill-server@40');
      expect(complaint(text)).toContain(`not "${text}"`);
    },
  );

  it('does not restart before it stops, nor pause for ever', () => {
    expect(complaint('stop-signaling@30,restart@30')).toMatch(/^restarts after it has stopped/);
    expect(complaint('pause-worker@1:601s')).toMatch(/^pauses for at most 600 s/);
  });
});
