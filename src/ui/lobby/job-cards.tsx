// What can be trained, as cards.
import { useId } from 'react';
import { useCommands, useView } from '../../store/use-view.ts';

export function JobCards() {
  const commands = useCommands();
  const jobs = useView((state) => state.jobs);
  const chosen = useView((state) => state.job);
  const name = useId();
  return (
    <fieldset className="jobs">
      <legend className="lobby-step">What to train</legend>
      <div className="jobs-cards">
        {jobs.length === 0 && [1, 2].map((card) => <span key={card} className="job-card job-skeleton" />)}
        {jobs.map((job) => (
          <label key={job.name} className="job-card">
            <input
              type="radio"
              name={name}
              aria-label={job.title}
              aria-describedby={`${name}-${job.name}`}
              checked={job.name === chosen}
              onChange={() => commands.chooseJob(job.name)}
            />
            <b>{job.title}</b>
            <span id={`${name}-${job.name}`}>{job.summary}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
