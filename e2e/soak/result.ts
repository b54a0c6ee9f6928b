// What a soak came to, what it must come to, and how it is told.
import type { FaultReport } from '../cluster/fault-report.ts';
import type { ClusterResult } from '../cluster/result.ts';
import type { TabMemory } from './memory.ts';
import { STALL_MS, type Stall } from './stalls.ts';

/** Points of accuracy that faults may cost, as a fraction. */
const ACCURACY_MARGIN = 0.005;
/** Of sums of accuracies: half a point is within half a point. */
const ROUNDING = 1e-9;

/** Share by which a tab's memory may grow in the second half. */
const MEMORY_MARGIN = 0.1;

/** Evaluations that are averaged: one alone jumps by more than the margin. */
const EVALUATIONS = 8;

export interface Accuracy {
  /** The last clock that both runs were evaluated at. */
  readonly clock: number;
  /** Means of the last evaluations up to it. */
  readonly calm: number;
  readonly soak: number;
  /** At the end of the soak. */
  readonly last: number;
}

export interface SoakResult {
  readonly seed: number;
  readonly minutes: number;
  readonly replay: string;
  readonly steps: number;
  readonly samples: number;
  /** Null where there was no calm run, or no evaluation. */
  readonly accuracy: Accuracy | null;
  readonly lossFirst: number | null;
  readonly lossLast: number | null;
  readonly acknowledgedPushes: number;
  readonly appliedPushes: number;
  readonly duplicatesIgnored: number;
  readonly pushes: ClusterResult['pushes'];
  /** Anonymous resident memory of each tab's process, after its garbage was collected. */
  readonly memory: readonly TabMemory[];
  readonly stalls: readonly Stall[];
  readonly faults: readonly FaultReport[];
}

/** Columns of a score's curve. */
export interface ScoreCurve {
  readonly step: readonly number[];
  readonly value: readonly number[];
}

export function compareScores(calm: ScoreCurve, soak: ScoreCurve): Accuracy | null {
  const clock = Math.min(calm.step.at(-1) ?? -1, soak.step.at(-1) ?? -1);
  const [ofCalm, ofSoak, last] = [meanUntil(calm, clock), meanUntil(soak, clock), meanUntil(soak, Number.MAX_VALUE)];
  return ofCalm === null || ofSoak === null || last === null ? null : { clock, calm: ofCalm, soak: ofSoak, last };
}

function meanUntil({ step, value }: ScoreCurve, clock: number): number | null {
  const known = value.filter((_, at) => (step[at] ?? 0) <= clock).slice(-EVALUATIONS);
  return known.length === 0 ? null : known.reduce((sum, score) => sum + score, 0) / known.length;
}

/** What is not as it must be, a sentence each. */
export function complaintsOf(result: SoakResult): string[] {
  const { accuracy, memory, stalls, pushes } = result;
  const complaints: string[] = [];
  if (accuracy !== null && accuracy.calm - accuracy.soak > ACCURACY_MARGIN + ROUNDING) {
    complaints.push(`accuracy at clock ${accuracy.clock}: ${points(accuracy.soak)}, calm ${points(accuracy.calm)}`);
  }
  for (const { name, growth } of memory) {
    if (growth !== null && growth > MEMORY_MARGIN) complaints.push(`${name} grew by ${percent(growth)}`);
  }
  for (const stall of stalls) {
    if (isUnexplained(stall)) complaints.push(unexplainedText(stall));
  }
  for (const { node, isGone, acknowledged, abandoned, applied } of pushes) {
    // Who is gone had pushes under way that nobody counted.
    const most = isGone ? Number.POSITIVE_INFINITY : acknowledged + abandoned;
    if (applied >= acknowledged && applied <= most) continue;
    complaints.push(
      `node ${node}: ${acknowledged} pushes acknowledged and ${abandoned} given up, but ${applied} applied`,
    );
  }
  return complaints;
}

const isUnexplained = ({ unexplainedMs }: Stall): boolean => unexplainedMs > STALL_MS;

function unexplainedText({ ms, fromMs, unexplainedMs, faults }: Stall): string {
  const near = faults.length === 0 ? '' : ` (the rest: ${faults.join(', ')})`;
  return `nothing explains ${unexplainedMs} of ${ms} ms without a step from ${new Date(fromMs).toISOString()} on${near}`;
}

/** A few lines, aligned. */
export function summaryOf(result: SoakResult): string {
  const { accuracy, memory, stalls, faults } = result;
  const longest = Math.max(0, ...stalls.map(({ ms }) => ms));
  const judged = memory.flatMap(({ growth }) => growth ?? []);
  const unexplained = stalls.filter(isUnexplained).length;
  const rows = [
    ['Soak', `${result.minutes} min, ${faults.length} faults, ${result.steps.toLocaleString('en')} steps`],
    ['Loss', `${result.lossFirst?.toFixed(4) ?? '–'} at first, ${result.lossLast?.toFixed(4) ?? '–'} at the end`],
    ['Accuracy', accuracy === null ? 'not compared' : accuracyText(accuracy)],
    [
      'Pushes',
      `${result.appliedPushes} applied, ${result.acknowledgedPushes} acknowledged, ${result.duplicatesIgnored} came again`,
    ],
    [
      'Memory',
      judged.length === 0
        ? 'too short to judge'
        : `${judged.length} tabs judged, most growth ${percent(Math.max(...judged))}`,
    ],
    ['Stalls over 2 s', `${stalls.length}, ${unexplained} unexplained, longest ${longest} ms`],
    ['Seed', `${result.seed}; again: ${result.replay}`],
  ];
  return rows.map(([name = '', text]) => `${name.padEnd(18)} ${text}`).join('\n');
}

const points = (value: number): string => `${(value * 100).toFixed(2)} %`;
const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;

const accuracyText = ({ clock, calm, soak, last }: Accuracy): string =>
  `${points(soak)} at clock ${clock}, calm ${points(calm)}; ${points(last)} at the end`;
