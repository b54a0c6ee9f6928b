// What topics there are at this moment: as pictures where words are pixels, else by their words; and what a text is about.
import { useEffect, useId, useRef, useState } from 'react';
import { z } from 'zod';
import { useView } from '../../../store/use-view.ts';
import { Explain } from '../../common/explain.tsx';
import { Panel } from '../../common/panel.tsx';
import { formatPercent, formatShort } from '../../format.ts';
import { useLook } from '../use-look.ts';
import './topics.css';

const SHOWN_WORDS = 8;

const topicSchema = z.object({
  share: z.number(),
  words: z.array(z.object({ name: z.string(), share: z.number() })),
  coherence: z.number().nullable(),
  pixels: z.instanceof(Uint8Array),
});
const topicsSchema = z.object({
  topics: z.array(topicSchema),
  picture: z.array(z.number()),
  tokensPerDocument: z.number(),
});
const textSchema = z.object({ mixture: z.instanceof(Float64Array), known: z.number() });

type Topic = z.infer<typeof topicSchema>;
type Topics = z.infer<typeof topicsSchema>;

export function TopicsPanel() {
  const { answer, error } = useLook({ ask: 'topics', words: SHOWN_WORDS, withCoherence: true }, topicsSchema);
  return (
    <Panel
      title="Topics"
      className="topics"
      aside={answer && <Figures answer={answer} />}
      explain={
        <Explain question="What is a topic?">
          <p>
            Words that stand together in documents. Nobody names them: every word of every document is in one topic, and
            is moved, again and again, to one that fits its document and its word better.
          </p>
          <p>
            <b>Coherence</b> (UMass) says how often a topic’s words do stand together; nearer to zero is better.
          </p>
        </Explain>
      }
    >
      {answer === null && <p className="muted small">{error ?? 'Asking the live parameters…'}</p>}
      {answer !== null && (answer.picture.length > 0 ? <Pictures answer={answer} /> : <WordLists answer={answer} />)}
      {answer !== null && answer.picture.length === 0 && <TryText topics={answer.topics} />}
    </Panel>
  );
}

function Figures({ answer }: { readonly answer: Topics }) {
  const rate = useView((state) => state.run?.samplesPerSecond ?? 0);
  const known = answer.topics.flatMap(({ coherence }) => (coherence === null ? [] : [coherence]));
  const mean = known.reduce((sum, coherence) => sum + coherence, 0) / Math.max(1, known.length);
  return (
    <span className="muted small">
      <output aria-label="Words per second" aria-live="off">
        {formatShort(rate * answer.tokensPerDocument)}
      </output>{' '}
      words/s
      {known.length > 0 && (
        <>
          , coherence{' '}
          <output aria-label="Coherence" aria-live="off">
            {mean.toFixed(1)}
          </output>
        </>
      )}
    </span>
  );
}

/* biome-ignore-start lint/suspicious/noArrayIndexKey: a topic is its number */
function Pictures({ answer: { topics, picture } }: { readonly answer: Topics }) {
  const [height = 1, width = 1] = picture;
  return (
    <ol className="topic-pictures">
      {topics.map((topic, number) => (
        <li key={number}>
          <Picture pixels={topic.pixels} width={width} height={height} label={`Topic ${number + 1}`} />
        </li>
      ))}
    </ol>
  );
}

interface PictureProps {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly label: string;
}

/** Ink is opacity without a colour, as in the samples. */
function Picture({ pixels, width, height, label }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const image = new ImageData(width, height);
    for (let index = 0; index < width * height; index++) image.data[index * 4 + 3] = pixels[index] ?? 0;
    context.putImageData(image, 0, 0);
  }, [pixels, width, height]);
  return <canvas ref={canvas} width={width} height={height} role="img" aria-label={label} />;
}

function WordLists({ answer: { topics } }: { readonly answer: Topics }) {
  return (
    <ol className="topic-words">
      {topics.map((topic, number) => (
        <li key={number}>
          <span className="topic-share">{formatPercent(topic.share, 0)}</span>
          <span>{topic.words.map(({ name }) => name).join(' ')}</span>
        </li>
      ))}
    </ol>
  );
}

/** Topics of a text that are worth a line. */
const SHOWN_SHARES = 3;

function TryText({ topics }: { readonly topics: readonly Topic[] }) {
  const [text, setText] = useState('');
  const field = useId();
  const { answer } = useLook(text.trim() === '' ? null : { ask: 'text', text }, textSchema);
  const best = answer === null ? [] : Array.from(answer.mixture, (share, topic) => ({ share, topic }));
  best.sort((a, b) => b.share - a.share);
  return (
    <div className="topic-try">
      <label htmlFor={field}>What is a text about?</label>
      <textarea id={field} className="input" rows={3} value={text} onChange={(event) => setText(event.target.value)} />
      {answer?.known === 0 && <p className="muted small">None of these words is in the data.</p>}
      {answer !== null && answer.known > 0 && (
        <ol className="topic-words">
          {best.slice(0, SHOWN_SHARES).map(({ share, topic }) => (
            <li key={topic}>
              <span className="topic-share">{formatPercent(share, 0)}</span>
              <span>{topics[topic]?.words.map(({ name }) => name).join(' ')}</span>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
/* biome-ignore-end lint/suspicious/noArrayIndexKey: a topic is its number */
