// A picture of one's own, or one of the data: what the live parameters take it for.
import { type DragEvent, useRef, useState } from 'react';
import { useCommands, useView } from '../../../store/use-view.ts';
import type { ImagesView } from '../../../store/view.ts';
import { FilesGlyph } from '../../common/glyphs.tsx';
import { Panel } from '../../common/panel.tsx';
import { Picture } from '../../common/picture.tsx';
import type { Answer } from '../../try/predict-loop.ts';
import { usePrediction } from '../../try/use-prediction.ts';
import { ClassBars } from '../class-bars.tsx';
import './try-picture.css';

/** Classes with their probabilities: the likeliest. */
const SHOWN_CLASSES = 6;

export function TryPicture() {
  const preview = useView((state) => state.dataset?.preview ?? null);
  if (preview?.kind !== 'images' || preview.classes === undefined) return null;
  return <TryPanel preview={preview} labels={preview.classes.map(({ label }) => label)} />;
}

/** What is being asked about, as the model sees it. */
interface Asked {
  readonly pixels: Uint8Array;
  /** What it really is, or the name of its file. */
  readonly truth: string;
}

function TryPanel({ preview, labels }: { readonly preview: ImagesView; readonly labels: readonly string[] }) {
  const { answer, ask } = usePrediction();
  const commands = useCommands();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const next = useRef(0);

  const takeExample = () => {
    const image = preview.images[next.current++ % preview.images.length];
    if (image === undefined) return;
    setProblem(null);
    setAsked({ pixels: image.pixels, truth: `labelled ${image.label}` });
    ask(Float32Array.from(image.pixels, (value) => value / 255));
  };
  const takeFile = async (file: File | undefined) => {
    if (file === undefined) return;
    try {
      const values = await commands.readImage(file);
      setProblem(null);
      setAsked({ pixels: Uint8Array.from(values, (value) => Math.round(255 * value)), truth: file.name });
      ask(values);
    } catch (error) {
      setProblem(`${file.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  return (
    <Panel title="Try the model" className="try-picture">
      <DropSheet onFile={takeFile}>
        {asked === null ? (
          <p className="muted small">Drop a picture here</p>
        ) : (
          <Picture
            {...{ pixels: asked.pixels, width: preview.width, height: preview.height, channels: preview.channels }}
            label="The picture, as the model sees it"
          />
        )}
      </DropSheet>
      <div className="try-picture-buttons">
        <label className="button data-pick">
          <FilesGlyph /> Choose a picture
          <input
            type="file"
            accept="image/png,image/jpeg"
            className="sr-only"
            onChange={(event) => {
              void takeFile(event.target.files?.[0]);
              event.target.value = '';
            }}
          />
        </label>
        <button type="button" className="button" onClick={takeExample}>
          Random example
        </button>
      </div>
      {problem !== null && (
        <p className="small" role="alert">
          {problem}
        </p>
      )}
      <Verdict answer={answer} labels={labels} truth={asked?.truth ?? null} />
    </Panel>
  );
}

interface DropSheetProps {
  onFile(file: File | undefined): void;
  readonly children: React.ReactNode;
}

/** Takes a file that is dropped on it; the page around refuses files while it trains. */
function DropSheet({ onFile, children }: DropSheetProps) {
  const [isOver, setIsOver] = useState(false);
  const keep = (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section
      className="drop-sheet"
      aria-label="Picture"
      data-over={isOver}
      onDragOver={(event) => {
        keep(event);
        event.dataTransfer.dropEffect = 'copy';
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        keep(event);
        setIsOver(false);
        onFile(event.dataTransfer.files[0]);
      }}
    >
      {children}
    </section>
  );
}

interface VerdictProps {
  readonly answer: Answer | null;
  readonly labels: readonly string[];
  readonly truth: string | null;
}

function Verdict({ answer, labels, truth }: VerdictProps) {
  if (answer === null) return <p className="row-verdict muted">The live parameters answer at once.</p>;
  if (answer.kind === 'error') return <p className="row-verdict muted">{answer.text}</p>;
  const classes = labels
    .map((label, index) => ({ label, probability: answer.probabilities[index] ?? 0 }))
    .sort((a, b) => b.probability - a.probability);
  return (
    <>
      <p className="row-verdict">
        <output aria-label="Prediction" aria-live="off">
          {classes[0]?.label}
        </output>{' '}
        <span className="muted">{truth}</span>
      </p>
      <ClassBars classes={classes} most={SHOWN_CLASSES} />
    </>
  );
}
