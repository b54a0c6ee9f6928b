// Where a worker's time goes, as a bar of three parts; the words are there for who can't see it or the colours.
import { formatPercent } from '../format.ts';

interface TimeBarProps {
  readonly compute: number;
  readonly communicate: number;
  readonly wait: number;
}

const inWords = ({ compute, communicate, wait }: TimeBarProps): string =>
  `computing ${formatPercent(compute, 0)}, communicating ${formatPercent(communicate, 0)}, waiting ${formatPercent(wait, 0)}`;

export function TimeBar(props: TimeBarProps) {
  const words = inWords(props);
  const scale = (fraction: number) => `scaleX(${Math.min(1, Math.max(0, fraction))})`;
  const { compute, communicate, wait } = props;
  // Each part is drawn from the left over the next one: only transforms change, so nothing is laid out anew.
  return (
    <span className="time-bar" title={words}>
      <span className="sr-only">{words}</span>
      <i className="time-wait" style={{ transform: scale(compute + communicate + wait) }} />
      <i className="time-communicate" style={{ transform: scale(compute + communicate) }} />
      <i className="time-compute" style={{ transform: scale(compute) }} />
    </span>
  );
}

export function TimeLegend() {
  return (
    <ul className="time-legend">
      <li>
        <i className="time-compute" /> computing
      </li>
      <li>
        <i className="time-communicate" /> communicating
      </li>
      <li>
        <i className="time-wait" /> waiting
      </li>
    </ul>
  );
}
