// Does to a running room what `--fault` asks for, each at its clock, and tells afterwards what it did.
import { nodeId } from '../../src/protocol/ids.ts';
import { ClusterFailure } from './failure.ts';
import type { FaultRole, PlannedFault } from './fault-plan.ts';
import { type DoneFault, type FaultReport, reportFault, type TabLog } from './fault-report.ts';
import type { Room, RoomTab } from './room.ts';

/** Whom of several it hits. */
export type Pick = (candidates: readonly RoomTab[]) => RoomTab | undefined;

const youngest: Pick = (candidates) => candidates.at(-1);

export class FaultRunner {
  private waiting: PlannedFault[];
  readonly done: DoneFault[] = [];
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly room: Room,
    faults: readonly PlannedFault[],
    private readonly pick: Pick = youngest,
  ) {
    this.waiting = [...faults].sort((a, b) => a.atStep - b.atStep);
  }

  /** Does what is due at this clock of the run. @throws ClusterFailure where there is nobody to do it to */
  async reached(clock: number): Promise<void> {
    while (this.waiting[0] !== undefined && this.waiting[0].atStep <= clock) {
      const fault = this.waiting.shift();
      if (fault !== undefined) await this.perform(fault, clock);
    }
  }

  /** What each fault did, from the logs of the tabs that are left. @throws ClusterFailure for one that never came */
  async report(loss: Parameters<typeof reportFault>[2]): Promise<FaultReport[]> {
    await this.settled();
    const [late] = this.waiting;
    if (late !== undefined)
      throw new ClusterFailure(`--fault: the run ended before clock ${late.atStep} (${late.text}).`);
    const logs = await Promise.all(this.room.awake.map(logOf));
    return this.done.map((done) => reportFault(done, logs, loss));
  }

  /** There are faults that haven't been done yet. */
  get isExpected(): boolean {
    return this.waiting.length > 0;
  }

  /** A tab is being opened, or is frozen. */
  get isBusy(): boolean {
    return this.underWay.size > 0;
  }

  /** Until what takes a while is over: tabs that are being opened, pauses. @throws what it failed with */
  async settled(): Promise<void> {
    await Promise.all(this.underWay);
  }

  async perform(fault: PlannedFault, atStep: number): Promise<void> {
    switch (fault.kind) {
      case 'kill': {
        const member = await this.target(fault.role);
        this.room.drop(member);
        this.note(fault, atStep, member.node);
        return member.tab.crash();
      }
      case 'leave': {
        const member = await this.target(fault.role);
        this.room.drop(member);
        this.note(fault, atStep, member.node);
        return member.tab.call('leave');
      }
      case 'join':
        return this.later(async () => {
          await this.room.served();
          const atMs = Date.now();
          const { node } = await this.room.open(fault.role);
          this.note(fault, atStep, node, atMs);
        });
      case 'pause': {
        const member = await this.target('worker');
        return this.later(async () => {
          await this.room.freeze(member, fault.seconds * 1000);
          this.note(fault, atStep, member.node);
        });
      }
      case 'cut': {
        const [one, other] = this.room.awake.slice(-2);
        if (one === undefined || other === undefined) throw new ClusterFailure('--fault: there is no pair to cut.');
        this.note(fault, atStep, other.node);
        return one.tab.call('cut', nodeId(other.node));
      }
      case 'stop-signaling':
        this.note(fault, atStep, null);
        return this.room.stopSignaling();
      case 'restart-signaling':
        this.note(fault, atStep, null);
        return this.room.restartSignaling();
      default:
        fault satisfies never;
    }
  }

  /** What takes a while doesn't hold up the faults that follow; that it failed is said when all is over. */
  private later(work: () => Promise<void>): void {
    const running = work().then(() => void this.underWay.delete(running));
    running.catch(() => undefined);
    this.underWay.add(running);
  }

  private note(fault: PlannedFault, atStep: number, node: number | null, atMs = Date.now()): void {
    this.done.push({ fault, atStep, node, atMs });
  }

  /** One of a role that isn't the scheduler's, or the scheduler's. @throws ClusterFailure */
  private async target(role: FaultRole): Promise<RoomTab> {
    const { nodes } = await this.room.first.call('status');
    const scheduler = nodes.find(({ isScheduler }) => isScheduler)?.id;
    const isMeant = (member: RoomTab): boolean =>
      role === 'scheduler'
        ? member.node === scheduler
        : member.role === role && member.node !== scheduler && this.room.all.length > 1;
    const found = this.pick(this.room.awake.filter(isMeant));
    if (found === undefined) throw new ClusterFailure(`--fault: there is no ${role} left that isn't the scheduler.`);
    return found;
  }
}

export async function logOf({ tab, node }: RoomTab): Promise<TabLog> {
  return { node, maps: await tab.call('mapLog'), steps: await tab.call('stepLog') };
}
