// What happened in this room: joins, leaves, faults and recoveries, newest first.
import { memo } from 'react';
import { useView } from '../../store/use-view.ts';
import type { NoticeView } from '../../store/view.ts';
import { Panel } from '../common/panel.tsx';
import { formatDuration } from '../format.ts';
import './notices.css';

const SHOWN = 60;

/** For who doesn't see the colour of the dot. */
const LEVELS: Readonly<Record<NoticeView['level'], string>> = {
  info: '',
  good: '',
  warning: 'Warning: ',
  error: 'Error: ',
};

export function Timeline() {
  const notices = useView((state) => state.notices);
  return (
    <Panel title="What happened" className="timeline">
      {notices.length === 0 && <p className="muted small">Joins, leaves and faults will be listed here.</p>}
      <ol>
        {notices
          .slice(-SHOWN)
          .reverse()
          .map((notice) => (
            <Notice key={notice.id} notice={notice} />
          ))}
      </ol>
    </Panel>
  );
}

const Notice = memo(function Notice({ notice }: { readonly notice: NoticeView }) {
  return (
    <li data-level={notice.level}>
      <time>{formatDuration(notice.atMs / 1000)}</time>
      <span>
        <span className="sr-only">{LEVELS[notice.level]}</span>
        {notice.text}
      </span>
    </li>
  );
});
