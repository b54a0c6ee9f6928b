// A text model writes: on from a prompt, again and again while it learns, as boldly as the temperature allows.
import { useId, useState } from 'react';
import { z } from 'zod';
import { useView } from '../../../store/use-view.ts';
import { Panel } from '../../common/panel.tsx';
import { useLook } from '../use-look.ts';
import './writing.css';

/** Characters written at a time: a few lines, about a second of the trainer's time. */
const LENGTH = 160;
const MAX_PROMPT = 200;
const MAX_TEMPERATURE = 2;

const written = z.object({ prompt: z.string(), text: z.string() });

export function Writing() {
  const [prompt, setPrompt] = useState<string | null>(null);
  const [temperature, setTemperature] = useState(0.8);
  const [seed, setSeed] = useState(1);
  const hint = useFirstLine();
  const begins = prompt ?? hint;
  const { answer, error } = useLook({ prompt: begins, length: LENGTH, temperature, seed }, written);
  const [promptId, temperatureId] = [useId(), useId()];

  return (
    <Panel title="Let it write" className="writing">
      <label htmlFor={promptId}>Begin with</label>
      <textarea
        id={promptId}
        rows={2}
        maxLength={MAX_PROMPT}
        value={begins}
        onChange={(event) => setPrompt(event.target.value)}
      />
      <div className="writing-settings">
        <label htmlFor={temperatureId}>Temperature {temperature.toFixed(1)}</label>
        <input
          id={temperatureId}
          type="range"
          min={0}
          max={MAX_TEMPERATURE}
          step={0.1}
          value={temperature}
          onChange={(event) => setTemperature(Number(event.target.value))}
        />
        <button type="button" className="button" onClick={() => setSeed(seed + 1)}>
          Another
        </button>
      </div>
      <pre className="writing-text" data-testid="written">
        <b>{answer?.prompt}</b>
        {answer?.text}
      </pre>
      {error !== null && <p className="muted small">{error}</p>}
    </Panel>
  );
}

/** How the data begin: up to an equals sign where they are sums, so that it has something to answer. */
function useFirstLine(): string {
  return useView(({ dataset }) => {
    const line = dataset?.preview?.kind === 'text' ? (dataset.preview.lines[0] ?? '') : '';
    const equals = line.indexOf('=');
    return equals === -1 ? `${line}\n` : line.slice(0, equals + 1);
  });
}
