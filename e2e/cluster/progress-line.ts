// The progress line: rewritten in place on a terminal, a line now and then elsewhere.
import type { RunView } from '../../src/store/view.ts';

/** Lines of a run in a log. */
const LOG_LINES = 20;

export class ProgressLine {
  private loggedShare = -1;
  private width = 0;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  show(run: RunView): void {
    const text = lineOf(run);
    if (this.stream.isTTY) {
      this.stream.write(`\r${text.padEnd(this.width)}`);
      this.width = text.length;
      return;
    }
    const share = Math.floor((run.clock / run.steps) * LOG_LINES);
    if (run.phase === 'preparing' || share === this.loggedShare) return;
    this.loggedShare = share;
    this.stream.write(`${text}\n`);
  }

  end(): void {
    if (this.width > 0) this.stream.write('\n');
    this.width = 0;
  }
}

/** The run's score by its name; nothing for a job without one. */
function scoreText({ measures: { score }, accuracy }: RunView): string[] {
  if (score === null) return [];
  const shown = score.format === 'percent' ? `${((accuracy ?? 0) * 100).toFixed(2)} %` : (accuracy ?? 0).toFixed(4);
  return [`${score.name.toLowerCase()} ${accuracy === null ? '–' : shown}`];
}

function lineOf(run: RunView): string {
  if (run.phase === 'preparing') return 'preparing: every tab loads its data and compiles the model';
  const count = (value: number) => Math.round(value).toLocaleString('en');
  const parts = [
    `step ${count(run.clock)}/${count(run.steps)}`,
    `loss ${run.loss === null ? '–' : run.loss.toFixed(4)}`,
    ...scoreText(run),
    `${count(run.samplesPerSecond)} samples/s`,
  ];
  return parts.join(' · ');
}
