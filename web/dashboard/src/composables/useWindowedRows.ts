import { computed, type MaybeRefOrGetter, onBeforeUnmount, onMounted, ref, type Ref, toValue } from "vue";

const BEYOND = 6; // rows rendered above and below what is seen, so that scrolling never shows a gap

/**
 * Which of many rows of one height are near the window; the others are padding above and below.
 *
 * @param list the element whose content the rows are
 * @param height of a row, in pixels
 */
export function useWindowedRows(list: Ref<HTMLElement | undefined>, count: MaybeRefOrGetter<number>, height: MaybeRefOrGetter<number>) {
  const top = ref(0); // of the window, in the list's own pixels
  const seen = ref(window.innerHeight);
  let frame = 0;

  function measure() {
    frame = 0;
    if (!list.value) return;
    top.value = -list.value.getBoundingClientRect().top;
    seen.value = window.innerHeight;
  }
  const soon = () => (frame ||= requestAnimationFrame(measure));

  onMounted(() => {
    measure();
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon, { passive: true });
  });
  onBeforeUnmount(() => {
    cancelAnimationFrame(frame);
    removeEventListener("scroll", soon);
    removeEventListener("resize", soon);
  });

  const first = computed(() => Math.max(0, Math.min(toValue(count), Math.floor(top.value / toValue(height)) - BEYOND)));
  const last = computed(() => Math.max(first.value, Math.min(toValue(count), Math.ceil((top.value + seen.value) / toValue(height)) + BEYOND)));
  const above = computed(() => first.value * toValue(height));
  const below = computed(() => (toValue(count) - last.value) * toValue(height));
  return { first, last, above, below };
}
