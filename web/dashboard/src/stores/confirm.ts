import { defineStore } from "pinia";
import { shallowRef } from "vue";

export interface Question {
  title: string;
  text?: string;
  /** The button that does it: a verb. */
  action: string;
  dangerous?: boolean;
}

/** `await ask({…})`: one dialog for the whole page; true when the person said yes. */
export const useConfirm = defineStore("confirm", () => {
  const question = shallowRef<Question>();
  let answer: (yes: boolean) => void = () => {};

  function ask(asked: Question): Promise<boolean> {
    answer(false);
    question.value = asked;
    return new Promise((resolve) => (answer = resolve));
  }

  function close(yes: boolean) {
    question.value = undefined;
    answer(yes);
  }

  return { question, ask, close };
});
