// Try the model: what one user would like, from the parameters of this very moment.
import { useId, useState } from 'react';
import { z } from 'zod';
import { Panel } from '../../common/panel.tsx';
import { plural } from '../../format.ts';
import { useLook } from '../use-look.ts';
import './recommendations.css';

/** Rows of each list: what fits beside the curves. */
const SHOWN = 8;

const item = z.object({ name: z.string(), predicted: z.number() });
const answerSchema = z.object({
  user: z.object({ key: z.number(), name: z.string() }).nullable(),
  users: z.number(),
  ratedCount: z.number(),
  rated: z.array(item.extend({ rating: z.number() })),
  recommended: z.array(item),
});

type Answer = z.infer<typeof answerSchema>;

export function Recommendations() {
  const [user, setUser] = useState<string | number>(0);
  const { answer, error } = useLook({ user, count: SHOWN }, answerSchema);
  return (
    <Panel title="Try the model" className="recommend">
      <UserField name={answer?.user?.name ?? ''} users={answer?.users ?? 1} onUser={setUser} />
      {answer === null && <p className="muted small">{error ?? 'Asking the live parameters…'}</p>}
      {answer !== null && answer.user === null && (
        <p className="muted small">Nobody of that name has rated anything. There are {plural(answer.users, 'user')}.</p>
      )}
      {answer?.user != null && <Lists answer={answer} />}
    </Panel>
  );
}

interface UserFieldProps {
  readonly name: string;
  readonly users: number;
  onUser(user: string | number): void;
}

function UserField({ name, users, onUser }: UserFieldProps) {
  const [draft, setDraft] = useState<string | null>(null);
  return (
    <form
      className="recommend-user"
      onSubmit={(event) => {
        event.preventDefault();
        if (draft !== null && draft.trim() !== '') onUser(draft.replace(/^user\s+/i, ''));
        setDraft(null);
      }}
    >
      <label className="field">
        User
        <input
          className="input"
          value={draft ?? name}
          onFocus={(event) => event.target.select()}
          onChange={(event) => setDraft(event.target.value)}
        />
      </label>
      <button type="submit" className="button">
        Show
      </button>
      <button
        type="button"
        className="button button-quiet"
        onClick={() => {
          setDraft(null);
          onUser(Math.floor(Math.random() * users));
        }}
      >
        Somebody else
      </button>
    </form>
  );
}

function Lists({ answer }: { readonly answer: Answer }) {
  const all = [...answer.recommended, ...answer.rated];
  const low = Math.min(...all.map(({ predicted }) => predicted));
  const high = Math.max(...all.map(({ predicted }) => predicted), low + 1e-6);
  const share = (predicted: number) => 0.15 + (0.85 * (predicted - low)) / (high - low);
  return (
    <>
      <ItemList title="Would like best" items={answer.recommended} share={share} />
      <ItemList
        title={`Rated best, of ${plural(answer.ratedCount, 'rating')}`}
        items={answer.rated.slice(0, SHOWN / 2)}
        share={share}
      />
    </>
  );
}

interface ItemListProps {
  readonly title: string;
  readonly items: readonly { readonly name: string; readonly predicted: number; readonly rating?: number }[];
  share(predicted: number): number;
}

function ItemList({ title, items, share }: ItemListProps) {
  const heading = useId();
  return (
    <>
      <h3 id={heading} className="recommend-title">
        {title}
      </h3>
      <ol className="recommend-items" aria-labelledby={heading}>
        {items.map(({ name, predicted, rating }) => (
          <li key={name}>
            <span className="recommend-name">{name}</span>
            <span className="recommend-track" aria-hidden="true">
              <i style={{ transform: `scaleX(${share(predicted)})` }} />
            </span>
            <span className="recommend-number">
              {rating !== undefined && (
                <>
                  <span className="sr-only">rated </span>
                  {rating.toFixed(1)} <span className="muted">→ </span>
                </>
              )}
              <span className="sr-only">predicted </span>
              {predicted.toFixed(2)}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}
