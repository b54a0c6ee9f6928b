// The run at a glance: what is trained, how far it is, and the three things to do with it.
import { useCommands, useView } from '../../store/use-view.ts';
import type { RunPhase } from '../../store/view.ts';
import { CheckpointGlyph, PauseGlyph, PlayGlyph, StopGlyph } from '../common/glyphs.tsx';
import { updaterLabel } from '../common/updaters.ts';
import { formatCount } from '../format.ts';
import { DownloadMenu } from './download-menu.tsx';
import { Numbers } from './numbers.tsx';
import { isRunOver, PHASE_WORDS } from './run-phase.ts';
import { RunProgress, timeInWords } from './run-progress.tsx';
import { RunTrouble, troubleOf } from './run-trouble.tsx';

interface RunBarProps {
  onTrainAgain(): void;
  onNewRun(): void;
}

export function RunBar({ onTrainAgain, onNewRun }: RunBarProps) {
  const phase = useView((state) => state.run?.phase ?? 'idle');
  return (
    <section className="run-bar panel" aria-label="Training">
      <RunTrouble />
      <div className="run-what">
        <RunTitle />
        <div className="run-buttons">
          {isRunOver(phase) ? (
            <AfterButtons phase={phase} onTrainAgain={onTrainAgain} onNewRun={onNewRun} />
          ) : (
            <LiveButtons phase={phase} onNewRun={onNewRun} />
          )}
        </div>
      </div>
      <RunProgress />
      <Numbers />
    </section>
  );
}

function RunTitle() {
  const phase = useView((state) => state.run?.phase ?? 'idle');
  const title = useView((state) => state.run?.title ?? '');
  const facts = useView(({ run }) =>
    run
      ? [
          run.data,
          `${formatCount(run.parameters)} parameters`,
          updaterLabel(run.updater),
          `batch ${formatCount(run.batch)}`,
        ].join(' · ')
      : '',
  );
  // Message and time share a line, so that nothing moves when a message comes.
  const news = useView(({ run }) => (troubleOf(run) === null ? (run?.message ?? null) : null));
  const time = useView(({ run }) => (run ? timeInWords(run) : ''));
  const kept = useView(({ run, checkpoint }) =>
    checkpoint !== null && checkpoint.startedAt === run?.startedAt
      ? ` · checkpoint at step ${formatCount(checkpoint.step)}`
      : '',
  );
  return (
    <div className="run-title">
      <h1>
        {title}
        <span className="phase" data-phase={phase} role="status" aria-label="Run state">
          {PHASE_WORDS[phase]}
        </span>
      </h1>
      <p className="small">{facts}</p>
      <p className="small" data-message={news !== null}>
        {news ?? `${time}${kept}`}
      </p>
    </div>
  );
}

interface LiveButtonsProps extends Pick<RunBarProps, 'onNewRun'> {
  readonly phase: RunPhase;
}

function LiveButtons({ phase, onNewRun }: LiveButtonsProps) {
  const commands = useCommands();
  // Paused for a reason: going on as before would only repeat it.
  const isStuck = useView(({ run }) => run?.phase === 'paused' && run.message !== null);
  return (
    <>
      {isStuck && (
        <button type="button" className="button button-primary" onClick={onNewRun}>
          Change settings
        </button>
      )}
      {phase === 'paused' ? (
        <button
          type="button"
          className={isStuck ? 'button' : 'button button-primary'}
          onClick={() => commands.resume()}
        >
          <PlayGlyph /> Resume
        </button>
      ) : (
        <button type="button" className="button" disabled={phase !== 'running'} onClick={() => commands.pause()}>
          <PauseGlyph /> Pause
        </button>
      )}
      <button
        type="button"
        className="button button-quiet"
        disabled={phase === 'finishing'}
        onClick={() => commands.stop()}
      >
        <StopGlyph /> Stop
      </button>
      <CheckpointButton />
      <DownloadMenu />
    </>
  );
}

interface AfterButtonsProps extends RunBarProps {
  readonly phase: RunPhase;
}

function AfterButtons({ phase, onTrainAgain, onNewRun }: AfterButtonsProps) {
  const commands = useCommands();
  const step = useView(({ checkpoint }) => checkpoint?.step ?? null);
  const canResume = step !== null && phase !== 'finished';
  return (
    <>
      {canResume && (
        <button type="button" className="button button-primary" onClick={() => commands.resumeCheckpoint()}>
          <PlayGlyph /> Resume from step {formatCount(step)}
        </button>
      )}
      <button type="button" className={canResume ? 'button' : 'button button-primary'} onClick={onTrainAgain}>
        {!canResume && <PlayGlyph />} {phase === 'failed' ? 'Start again' : 'Train again'}
      </button>
      <button type="button" className="button" onClick={onNewRun}>
        Change settings
      </button>
      {phase !== 'failed' && <DownloadMenu />}
    </>
  );
}

/** Everything that the run is, to go on from: here or in another room. */
function CheckpointButton() {
  const commands = useCommands();
  const isEarly = useView(({ run }) => run === null || run.phase === 'preparing');
  return (
    <button
      type="button"
      className="button button-quiet"
      aria-label="Download checkpoint"
      title="Download a checkpoint to go on from (.safetensors)"
      disabled={isEarly}
      onClick={() => commands.downloadCheckpoint()}
    >
      <CheckpointGlyph size={15} /> <span className="run-download">Checkpoint</span>
    </button>
  );
}
