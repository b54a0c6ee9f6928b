// What happened between two states of the cluster, in words for the timeline: faults, recoveries, moves. Pure; one line
// per event, however many epochs it takes.
import type { ClusterState, RunPlan } from '../protocol/control.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { Placement } from '../ps/cluster-map.ts';
import { isSamePlacement, startPlacement } from '../ps/placement.ts';
import type { Sidelined } from '../ps/reachability.ts';
import { assignSegments } from '../ps/ring.ts';
import { cutSegments, type SegmentRange } from '../ps/table.ts';
import type { NoticeView } from '../store/view.ts';

export type Line = Pick<NoticeView, 'level' | 'text'>;

/** What is under way and will be told when it is done. */
export interface Story {
  /** Servers that get their share of the parameters. */
  readonly newcomers: readonly NodeId[];
  /** Servers that hand over what they own. */
  readonly leavers: readonly NodeId[];
  /** Some parameters had fewer copies than there could be before the newcomers came. */
  readonly wasShort: boolean;
  /** A server was lost since everything was in its place. */
  readonly hadLoss: boolean;
  /** That copies are being refilled has been told. */
  readonly isRefilling: boolean;
}

/** What became of a lost node's parameters, or of its data where it owned none: the second half of the line that says that it is gone. */
export interface Fate {
  readonly node: NodeId;
  /** Who owns its parameters now; empty for a mere worker. */
  readonly heirs: readonly NodeId[];
  /** The part of all parameters that it owned. */
  readonly share: number;
}

export interface Telling {
  readonly lines: readonly Line[];
  readonly fates: readonly Fate[];
  readonly story: Story;
}

export const NO_STORY: Story = { newcomers: [], leavers: [], wasShort: false, hadLoss: false, isRefilling: false };

/**
 * What the timeline says about the step from one cluster state to the next.
 * @param self this tab's node, which is called "this tab"
 */
export function tellChanges(story: Story, old: ClusterState, next: ClusterState, self: NodeId | null): Telling {
  const { plan } = next;
  const lines = [
    ...schedulerLines(old, next, self),
    ...phaseLines(old, next),
    ...shutOutLines(old, next, self),
    ...sidelinedLines(old, next, self),
    ...backupLines(old, next, self),
  ];
  if (plan === null || plan.run !== old.plan?.run) return { lines, fates: [], story: NO_STORY };
  if (isSameMap(old, next)) return { lines, fates: [], story };
  const move: Move = { old, next, plan, ranges: cutSegments(plan.tables), self };
  const lost = lostServers(move);
  const going = { ...story, hadLoss: story.hadLoss || lost.length > 0 };
  const begun = tellBegin(going, move);
  const ended = tellEnd(begun.story, move);
  const inherited = lost.map((node) => fateOf(node, move)).filter(({ heirs }) => heirs.length > 0);
  const fates = [...inherited, ...workerFates(old, next)];
  return { lines: [...lines, ...begun.lines, ...ended.lines], fates, story: ended.story };
}

/** "Node 3 was closed; node 2 now owns what it had (12 % of the parameters).", as far as is known; null if nothing is. */
export function departureText(
  node: NodeId,
  reason: string | null,
  fate: Fate | null,
  self: NodeId | null,
): string | null {
  const heirs = fate === null ? '' : inWords(fate.heirs, self);
  const owns = fate?.heirs.length === 1 ? 'owns' : 'own';
  const share = fate === null ? '' : `(${percent(fate.share)} of the parameters)`;
  if (reason === null) return heirs ? `${capital(heirs)} now ${owns} what node ${node} had ${share}.` : null;
  if (heirs) return `Node ${node} ${reason}; ${heirs} now ${owns} what it had ${share}.`;
  return fate === null ? `Node ${node} ${reason}.` : `Node ${node} ${reason}; its data went to the other workers.`;
}

/** One step of the map within one run. */
interface Move {
  readonly old: ClusterState;
  readonly next: ClusterState;
  readonly plan: RunPlan;
  readonly ranges: readonly SegmentRange[];
  readonly self: NodeId | null;
}

function schedulerLines(old: ClusterState, next: ClusterState, self: NodeId | null): Line[] {
  if (old.scheduler === next.scheduler) return [];
  return [{ level: 'info', text: `${capital(nameOf(next.scheduler, self))} is the scheduler now.` }];
}

function backupLines(old: ClusterState, next: ClusterState, self: NodeId | null): Line[] {
  const isHelped = ({ backups = [] }: ClusterState, node: NodeId) => backups.some(({ worker }) => worker === node);
  const isThere = (node: NodeId) => next.map.workers.some((worker) => worker.node === node);
  const [before, now] = [old.backups ?? [], next.backups ?? []];
  const helped = now.filter(({ worker }) => !isHelped(old, worker));
  const ended = before.filter(({ worker }) => !isHelped(next, worker) && isThere(worker) && next.phase === 'running');
  return [
    ...helped.map(({ worker, helper }): Line => {
      const text = `${capital(nameOf(worker, self))} is far behind: ${nameOf(helper, self)} makes its gradients, too.`;
      return { level: 'warning', text };
    }),
    ...ended.map(({ worker }): Line => {
      return { level: 'good', text: `${capital(nameOf(worker, self))} keeps up by itself again.` };
    }),
  ];
}

function phaseLines(
  { phase: before, lostIn, plan: last }: ClusterState,
  { phase, message, plan }: ClusterState,
): Line[] {
  if (before === phase) return [];
  const isBack = phase === lostIn && plan?.run === last?.run;
  if (isBack && phase !== 'running') return [{ level: 'good', text: 'What was lost is back.' }];
  switch (phase) {
    case 'running':
      if (before === 'paused') return [{ level: 'info', text: 'Training goes on.' }];
      if (isBack) return [{ level: 'good', text: 'What was lost is back: training goes on.' }];
      if (plan?.from) return [{ level: 'good', text: `Training goes on from step ${plan.from.clock + 1}.` }];
      return [{ level: 'good', text: 'Training began.' }];
    case 'paused':
      return [{ level: message === null ? 'info' : 'warning', text: message ?? 'Paused.' }];
    case 'finished':
      return [{ level: 'good', text: 'Training finished.' }];
    case 'stopped':
      return [{ level: 'info', text: 'Training stopped.' }];
    case 'failed':
      return [{ level: 'error', text: message ?? 'Training failed.' }];
    case 'idle':
    case 'preparing':
    case 'finishing':
      return [];
    default:
      return phase satisfies never;
  }
}

function shutOutLines(old: ClusterState, next: ClusterState, self: NodeId | null): Line[] {
  const added = next.shutOut.filter((node) => !old.shutOut.includes(node));
  return added.map((node) => ({
    level: 'warning',
    text: `${capital(nameOf(node, self))} is shut out of this run: it sent data that no tab of this page sends.`,
  }));
}

/** Roles lost for want of a connection, and given back. */
function sidelinedLines(old: ClusterState, next: ClusterState, self: NodeId | null): Line[] {
  const lost = next.sidelined.filter((entry) => !old.sidelined.some((before) => isSameLoss(before, entry)));
  const takesPart = (node: NodeId) =>
    next.map.servers.includes(node) || next.leases.some(({ worker }) => worker === node);
  const back = old.sidelined.filter(
    ({ node }) => !next.sidelined.some((entry) => entry.node === node) && takesPart(node),
  );
  return [
    ...lost.map((entry): Line => ({ level: 'warning', text: sidelinedText(entry, next, self) })),
    ...back.map(
      ({ node }): Line => ({
        level: 'good',
        text: `${capital(nameOf(node, self))} is connected again and takes part.`,
      }),
    ),
  ];
}

const isSameLoss = (a: Sidelined, b: Sidelined): boolean =>
  a.node === b.node && a.unreached === b.unreached && a.worker === b.worker && a.server === b.server;

/** "Node 3 can't reach node 5: it only watches until they are connected. A firewall may be between them." */
export function sidelinedText(
  { node, unreached, worker, server }: Sidelined,
  { map }: ClusterState,
  self: NodeId | null,
): string {
  const works = map.workers.some((active) => active.node === node);
  const does =
    server && works && !worker
      ? 'it works but does not serve'
      : worker && !server && map.servers.includes(node)
        ? 'it serves but does not work'
        : 'it only watches';
  return `${capital(nameOf(node, self))} can't reach ${nameOf(unreached, self)}: ${does} until they are connected. A firewall or VPN may be between them; the room goes on.`;
}

/** What begins with this step. */
function tellBegin(story: Story, move: Move): { lines: Line[]; story: Story } {
  const { old, next, self } = move;
  const lines: Line[] = [];
  const came = next.map.servers.filter((node) => !old.map.servers.includes(node));
  if (came.length > 0) {
    const [verb, share, them] = came.length === 1 ? ['serves', 'its share', 'it'] : ['serve', 'their share', 'them'];
    const text = `${capital(inWords(came, self))} now ${verb}: ${share} of the parameters moves to ${them}.`;
    lines.push({ level: 'info', text });
  }
  const left = old.map.servers.filter((node) => !next.map.servers.includes(node) && isHolding(next, node));
  const isRefilling = story.hadLoss && isFilling(next) && isShort(move);
  if (isRefilling && !story.isRefilling) lines.push({ level: 'info', text: 'Copies are being refilled.' });
  if (hasCopies(old) && old.map.servers.length > 1 && next.map.servers.length === 1 && move.plan.replicas > 0) {
    const alone = capital(inWords(next.map.servers, self));
    lines.push({
      level: 'warning',
      text: `${alone} alone holds the parameters now: open one more tab to have copies.`,
    });
  }
  return {
    lines,
    story: {
      ...story,
      newcomers: [...story.newcomers, ...came],
      leavers: [...story.leavers, ...left],
      wasShort: story.wasShort || (came.length > 0 && !story.hadLoss && isShort(move)),
      isRefilling: story.isRefilling || isRefilling,
    },
  };
}

/** What ends with this step: everything is where the ring wants it. */
function tellEnd(story: Story, move: Move): { lines: Line[]; story: Story } {
  if (!isInPlace(move)) return { lines: [], story };
  const { next, self } = move;
  const lines: Line[] = [];
  for (const node of story.newcomers.filter((node) => next.map.servers.includes(node))) {
    const share = ownedShare(next.map.placements, node, move.ranges);
    lines.push({ level: 'good', text: `${capital(nameOf(node, self))} owns ${percent(share)} of the parameters now.` });
  }
  for (const node of story.leavers.filter((node) => !next.map.servers.includes(node))) {
    lines.push({ level: 'info', text: `${capital(nameOf(node, self))} has handed over what it owned.` });
  }
  if (hasCopies(next)) {
    if (story.isRefilling) lines.push({ level: 'good', text: 'All parameters have their copies again.' });
    else if (story.wasShort) lines.push({ level: 'good', text: 'All parameters have their copies.' });
  }
  return { lines, story: NO_STORY };
}

/** Servers that vanished from every chain at once: who goes politely is drained first. */
const lostServers = ({ old, next }: Move): NodeId[] =>
  old.map.servers.filter((node) => !next.map.servers.includes(node) && isHolding(old, node) && !isHolding(next, node));

function fateOf(node: NodeId, { old, next, ranges }: Move): Fate {
  const heirs = old.map.placements.flatMap(({ chain }, index) => {
    const heir = next.map.placements[index]?.chain[0];
    return chain[0] === node && heir !== undefined ? [heir] : [];
  });
  return {
    node,
    heirs: [...new Set(heirs)].sort((a, b) => a - b),
    share: ownedShare(old.map.placements, node, ranges),
  };
}

/** Workers that held nothing and work no more, while others do. */
function workerFates(old: ClusterState, next: ClusterState): Fate[] {
  if (next.map.workers.length === 0) return [];
  return old.map.workers
    .map(({ node }) => node)
    .filter((node) => !next.map.workers.some((worker) => worker.node === node) && !isHolding(old, node))
    .map((node) => ({ node, heirs: [], share: 0 }));
}

const isHolding = ({ map }: ClusterState, node: NodeId): boolean =>
  map.placements.some(({ chain, learners }) => chain.includes(node) || learners.includes(node));

const isFilling = ({ map }: ClusterState): boolean => map.placements.some(({ learners }) => learners.length > 0);

const hasCopies = ({ map }: ClusterState): boolean => map.placements.every(({ chain }) => chain.length > 1);

/** Fewer copies than there are servers for. */
const isShort = ({ next, plan }: Move): boolean =>
  next.map.placements.some(({ chain }) => chain.length < Math.min(plan.replicas + 1, next.map.servers.length));

function isInPlace({ next, plan, ranges }: Move): boolean {
  const wanted = assignSegments(next.map.servers, ranges, plan.replicas);
  return next.map.placements.every((placement, index) =>
    isSamePlacement(placement, startPlacement(wanted[index] ?? [])),
  );
}

const isSameMap = (old: ClusterState, next: ClusterState): boolean =>
  old.map.epoch.term === next.map.epoch.term && old.map.epoch.counter === next.map.epoch.counter;

/** The part of all parameters that a node owns. */
function ownedShare(placements: readonly Placement[], node: NodeId, ranges: readonly SegmentRange[]): number {
  const sum = (list: readonly SegmentRange[]) => list.reduce((floats, range) => floats + range.floats, 0);
  return sum(ranges.filter((_, index) => placements[index]?.chain[0] === node)) / sum(ranges);
}

const nameOf = (node: NodeId, self: NodeId | null): string => (node === self ? 'this tab' : `node ${node}`);

/** "node 2", "node 2 and this tab", "nodes 2, 4 and 5". */
function inWords(nodes: readonly NodeId[], self: NodeId | null): string {
  const names = nodes.map((node) => nameOf(node, self));
  const last = names.pop();
  return names.length === 0 ? (last ?? '') : `${names.join(', ')} and ${last}`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const percent = (share: number): string => `${Math.round(share * 100)} %`;
