// The page: which of its three faces is shown (before, during and after training, or the end), and what lies over all of them.
import { useDeferredValue, useEffect, useRef, useState } from 'react';
import { useCommands, useView, useViewStore } from '../store/use-view.ts';
import { EndState, isEnd } from './end-state.tsx';
import { Header } from './header/header.tsx';
import { DropArea } from './lobby/drop-area.tsx';
import { Lobby } from './lobby/lobby.tsx';
import { useStartForm } from './lobby/start-form.ts';
import { Announcer } from './notices/announcer.tsx';
import { Problem } from './notices/problem.tsx';
import { Reconnecting } from './notices/reconnecting.tsx';
import { TaskProgress } from './notices/task-progress.tsx';
import { Training } from './training/training.tsx';
import './app.css';

export function App() {
  const isOver = useView((state) => isEnd(state.connection));
  return (
    <div className="page">
      <Header />
      <Reconnecting />
      {isOver ? <EndState /> : <Room />}
      <Problem />
      <TaskProgress />
      <Announcer />
    </div>
  );
}

/** In the room: the lobby until something trains, and again when a finished run is put away for new settings. */
function Room() {
  const store = useViewStore();
  const commands = useCommands();
  const form = useStartForm();
  const run = useView((state) => (state.run === null || state.run.phase === 'idle' ? null : state.run.number));
  // In a private run a tab without data of its own may still bring some.
  const mayJoin = useView(
    ({ run, nodes }) => run?.isPrivate === true && !nodes.some((node) => node.isSelf && node.isWorker),
  );
  const [putAway, setPutAway] = useState<number | null>(null);
  // Drawn piece by piece: a tab that comes in mid-run has its first step to take, and its cores have enough to do.
  const isTraining = useDeferredValue(run !== null && run !== putAway);

  useScrollToTop(isTraining);

  const trainAgain = () => {
    const { run: last } = store.getState();
    if (last === null) return;
    const { job, batch, steps, learningRate, updater, consistency, replicas, checkpoints, aggregator } = last;
    const { filters, localSteps, outer, isStalenessAware, reduce } = last;
    const own = {
      job,
      batch,
      steps,
      learningRate,
      updater,
      consistency,
      replicas,
      checkpoints,
      aggregator,
    };
    const drifts = outer === null ? {} : { outer };
    commands.start({
      ...own,
      ...drifts,
      filters,
      localSteps,
      isStalenessAware,
      reduce,
      seed: form.settings?.seed ?? 1,
    });
  };
  const changeSettings = () => {
    const { run: last } = store.getState();
    // Paused for good because the loss is no number: the next try begins with a smaller rate, in sight.
    if (last?.phase === 'paused') {
      commands.stop();
      if (last.job === form.job?.name) form.change({ learningRate: last.learningRate / 10 });
    }
    setPutAway(run);
  };
  return (
    <>
      {isTraining ? <Training onTrainAgain={trainAgain} onNewRun={changeSettings} /> : <Lobby form={form} />}
      <DropArea isOpen={!isTraining || mayJoin} />
    </>
  );
}

/** Each face of the page starts at its top. */
function useScrollToTop(isTraining: boolean): void {
  const shown = useRef(isTraining);
  useEffect(() => {
    if (shown.current === isTraining) return;
    shown.current = isTraining;
    scrollTo({ top: 0 });
  }, [isTraining]);
}
