// The ring in a few sentences.
export function RingExplanation() {
  return (
    <>
      <p>
        The ring holds all parameters of the model, cut into <b>segments</b> (the beads). Each server owns the arcs in
        its colour and updates the segments on them.
      </p>
      <p>
        Workers <b>pull</b> parameters from the servers, compute gradients, and <b>push</b> them back: the moving dots,
        in the sender’s colour. When a server joins or leaves, only its arcs change hands.
      </p>
      <p>
        The small dots behind a bead are its <b>copies</b>, in the colours of the tabs that keep them. When the owner is
        closed, the next one takes over at once, and a new copy is filled: a circle that pulses.
      </p>
      <p>Point at a node to see what it owns and what it keeps copies of.</p>
    </>
  );
}
