// What each stage on the way leaves of the bytes, and what the filters take of the workers' time, for who wants to know more.
import { useView } from '../../store/use-view.ts';
import { formatBytes, formatMilliseconds } from '../format.ts';
import { stagesOf } from './filter-stage-rows.ts';

export function FilterStages() {
  const push = useView((state) => state.run?.traffic.push ?? null);
  const pull = useView((state) => state.run?.traffic.pull ?? null);
  if (push === null || pull === null || push.wire + pull.wire === 0) return null;
  const milliseconds = (push.milliseconds ?? 0) + (pull.milliseconds ?? 0);
  return (
    <details className="filters-stages">
      <summary>Stage by stage</summary>
      <table aria-label="Bytes after each stage">
        <thead>
          <tr>
            <th scope="col">Bytes</th>
            <th scope="col">Pushed</th>
            <th scope="col">Pulled</th>
          </tr>
        </thead>
        <tbody>
          {stagesOf(push, pull).map(({ name, pushed, pulled }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{formatBytes(pushed)}</td>
              <td>{formatBytes(pulled)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>All workers’ time in filters: {formatMilliseconds(milliseconds)}.</p>
    </details>
  );
}
