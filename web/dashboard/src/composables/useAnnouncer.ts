import { ref } from "vue";

const PAUSE = 5000; // ms; a screen reader that is told more often says nothing to its end

const said = ref("");
let waiting: string | undefined;
let quietUntil = 0;

/** Says a sentence to screen readers, the newest one at most every five seconds. */
export function useAnnouncer() {
  const announce = (text: string) => {
    const now = Date.now();
    if (waiting === undefined && now < quietUntil) setTimeout(speak, quietUntil - now);
    waiting = text;
    if (now >= quietUntil) speak();
  };
  return { said, announce };
}

function speak() {
  if (waiting === undefined) return;
  said.value = waiting;
  waiting = undefined;
  quietUntil = Date.now() + PAUSE;
}
