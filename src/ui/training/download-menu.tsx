// What a run's parameters can be taken away as.
import { useRef } from 'react';
import { useCommands, useView } from '../../store/use-view.ts';
import type { ViewState } from '../../store/view.ts';
import { DownloadGlyph } from '../common/glyphs.tsx';
import { useCloseOutside } from '../common/use-close-outside.ts';
import './download-menu.css';

const NONE: never[] = [];
const exportsOf = ({ run, jobs }: ViewState) => jobs.find(({ name }) => name === run?.job)?.exports ?? NONE;

export function DownloadMenu() {
  const isEarly = useView(({ run }) => run === null || run.phase === 'preparing');
  const exports = useView(exportsOf);
  const details = useRef<HTMLDetailsElement>(null);
  useCloseOutside(details);
  if (isEarly) return null;
  const close = () => {
    if (details.current !== null) details.current.open = false;
  };
  return (
    <details className="download-menu" ref={details}>
      <summary className="button button-quiet" aria-label="Download" title="Download what was learnt">
        <DownloadGlyph size={15} /> <span className="run-download">Download</span>
      </summary>
      <ul className="panel">
        <Item name="Parameters" extension="safetensors" onDone={close} />
        {exports.map(({ name, extension }) => (
          <Item key={extension} name={name} extension={extension} onDone={close} />
        ))}
      </ul>
    </details>
  );
}

interface ItemProps {
  readonly name: string;
  readonly extension: string;
  onDone(): void;
}

function Item({ name, extension, onDone }: ItemProps) {
  const commands = useCommands();
  return (
    <li>
      <button
        type="button"
        className="button button-quiet"
        aria-label={`Download ${name === 'Parameters' ? 'parameters' : name}`}
        onClick={() => {
          commands.download(extension);
          onDone();
        }}
      >
        {name} <span className="muted small">.{extension}</span>
      </button>
    </li>
  );
}
