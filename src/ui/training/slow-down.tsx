// Makes this tab slow on purpose: a straggler to look at.
import { useCommands, useView } from '../../store/use-view.ts';

const FACTORS = [1, 2, 4, 8] as const;

const labelOf = (factor: number): string => (factor === 1 ? 'full speed' : `${factor}× slower`);

export function SlowDown() {
  const commands = useCommands();
  const slowdown = useView((state) => state.slowdown);
  const isWorker = useView(({ nodes }) => nodes.some(({ isSelf, isWorker }) => isSelf && isWorker));
  return (
    <label className="this-tab-setting">
      <span>Slow this tab down</span>
      <select
        className="input"
        disabled={!isWorker && slowdown === 1}
        value={slowdown}
        onChange={(event) => commands.slowDown(Number(event.target.value))}
      >
        {FACTORS.map((factor) => (
          <option key={factor} value={factor}>
            {labelOf(factor)}
          </option>
        ))}
      </select>
      <span className="muted small">
        {slowdown === 1
          ? 'to see what one slow tab does to the others'
          : 'its dot falls behind; the others wait for it, or don’t'}
      </span>
    </label>
  );
}
